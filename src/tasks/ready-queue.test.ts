import { expect, test } from 'vitest';
import { ReadyQueue } from './ready-queue.ts';

const drain = (queue: ReadyQueue, acknowledged: number): string[] => {
  const keys: string[] = [];
  for (let key = queue.take(acknowledged); key !== undefined; key = queue.take(acknowledged)) keys.push(key);
  return keys;
};

test('what goes on comes before what is new, then priority counts, then who came first', () => {
  const queue = new ReadyQueue();
  for (const [key, priority, resumed] of [
    ['a', 0, false],
    ['b', 5, false],
    ['c', -1, false],
    ['d', 5, false],
    ['e', 0, true],
    ['f', 0, false],
  ] as const)
    queue.push(key, 1, priority, resumed);
  expect(drain(queue, 1)).toEqual(['e', 'b', 'd', 'a', 'f', 'c']);
  expect(queue.length).toBe(0);
});

test('nothing is given out before it is durable (P2), also if something behind it is', () => {
  const queue = new ReadyQueue();
  queue.push('a', 5, 0, false);
  queue.push('b', 6, 0, false);
  queue.push('c', 4, 1, false);
  expect(drain(queue, 3)).toEqual([]);
  expect(drain(queue, 5)).toEqual(['c', 'a']);
  expect(drain(queue, 6)).toEqual(['b']);
});

test('a long queue stays in order while it is taken from', () => {
  const queue = new ReadyQueue();
  const expected: string[] = [];
  const taken: string[] = [];
  for (let at = 0; at < 10_000; at++) {
    queue.push(String(at), at, 0, false);
    expected.push(String(at));
    if (at % 3 !== 0) taken.push(queue.take(at) as string);
  }
  expect(taken.concat(drain(queue, 10_000))).toEqual(expected);
});
