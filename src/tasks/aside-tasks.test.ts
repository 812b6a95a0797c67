import { expect, test } from 'vitest';
import { AsideTasks } from './aside-tasks.ts';

const alive = (): boolean => true;
const drain = (aside: AsideTasks, names: readonly string[] | undefined, acknowledged = 100): string[] => {
  const keys: string[] = [];
  const set = names === undefined ? undefined : new Set(names);
  for (let key = aside.takeBefore(set, acknowledged, undefined); key !== undefined; ) {
    keys.push(key);
    key = aside.takeBefore(set, acknowledged, undefined);
  }
  return keys;
};

const filled = (): AsideTasks => {
  const aside = new AsideTasks();
  aside.push('a', 'a1', { rank: 0, position: 1 }, alive);
  aside.push('b', 'b1', { rank: 0, position: 2 }, alive);
  aside.push('a', 'a2', { rank: 5, position: 3 }, alive);
  aside.push('b', 'b2', { rank: Number.POSITIVE_INFINITY, position: 4 }, alive);
  aside.push('c', 'c1', { rank: 9, position: 5 }, alive);
  return aside;
};

test('whoever has the functions gets them in the order in which they stood in the queue, and nothing else', () => {
  const aside = filled();
  expect(aside.readyFor(new Set(['a', 'b']))).toBe(4);
  expect(drain(aside, ['a', 'b'])).toEqual(['b2', 'a2', 'a1', 'b1']);
  expect([aside.length, aside.readyFor(new Set(['a', 'b'])), aside.readyFor(undefined)]).toEqual([1, 0, 1]);
  expect(drain(aside, undefined)).toEqual(['c1']);
});

test('what stands before it in the queue comes first, and nothing before it is durable', () => {
  const aside = filled();
  const names = new Set(['a']);
  expect(aside.takeBefore(names, 100, { rank: 6, position: 9 })).toBeUndefined();
  expect(aside.takeBefore(names, 100, { rank: 5, position: 9 })).toBe('a2');
  expect(aside.takeBefore(names, 0, undefined)).toBeUndefined();
});

test('what was cancelled meanwhile does not pile up', () => {
  const aside = new AsideTasks();
  for (let at = 0; at < 100_000; at++)
    aside.push('gone', String(at), { rank: 0, position: at }, (key) => Number(key) >= at - 10);
  expect(aside.length).toBeLessThan(1_100);
});
