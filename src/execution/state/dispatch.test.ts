import { expect, test } from 'vitest';
import { type ExecutorPeer, ExecutorTurns, othersTakeWork } from './dispatch.ts';

const peers = (...wanted: readonly number[]): Map<number, ExecutorPeer> =>
  new Map(
    wanted.map((count, number) => [
      number,
      { wanted: count, slots: 8, silent: false, elsewhere: false, names: new Set(['a']) },
    ]),
  );

test('tasks that come one by one go to executors in turns, also where one wants far more than the others', () => {
  const executors = peers(100, 2, 2);
  const turns = new ExecutorTurns();
  const chosen = Array.from({ length: 8 }, () => turns.take(executors));
  expect(chosen).toEqual([0, 1, 2, 0, 1, 2, 0, 0]);
  expect([...executors.values()].map(({ wanted }) => wanted)).toEqual([96, 0, 0]);
});

test('one of this node that asks ahead comes before those of other nodes, until it wants no more than its slots hold', () => {
  const executors = peers(10, 9);
  executors.set(7, { wanted: 100, slots: 8, silent: false, elsewhere: true, names: new Set(['a']) });
  const turns = new ExecutorTurns();
  const chosen = Array.from({ length: 6 }, () => turns.take(executors));
  expect(chosen).toEqual([0, 1, 0, 1, 7, 0]);
  expect(turns.take(executors, 'b')).toBeUndefined();
});

test('one with many slots asks ahead only beyond those', () => {
  const executors = new Map<number, ExecutorPeer>([
    [0, { wanted: 100, slots: 100, silent: false, elsewhere: false, names: new Set(['a']) }],
    [7, { wanted: 100, slots: 8, silent: false, elsewhere: true, names: new Set(['a']) }],
  ]);
  const turns = new ExecutorTurns();
  expect(Array.from({ length: 4 }, () => turns.take(executors))).toEqual([0, 7, 0, 7]);
});

test('an executor that does not answer gets nothing, whatever it asked for before', () => {
  const executors = peers(5, 1);
  (executors.get(0) as ExecutorPeer).silent = true;
  const turns = new ExecutorTurns();
  expect([turns.take(executors), turns.take(executors)]).toEqual([1, undefined]);
  expect(othersTakeWork(executors, 1)).toBe(false);
  (executors.get(0) as ExecutorPeer).silent = false;
  expect([othersTakeWork(executors, 1), othersTakeWork(executors, 0)]).toEqual([true, false]);
});

test('a task goes only to an executor that has its function', () => {
  const executors = peers(2, 2, 2);
  executors.set(1, { wanted: 2, slots: 8, silent: false, elsewhere: false, names: new Set(['a', 'b']) });
  const turns = new ExecutorTurns();
  expect(Array.from({ length: 3 }, () => turns.take(executors, 'b'))).toEqual([1, 1, undefined]);
  expect(Array.from({ length: 3 }, () => turns.take(executors, 'a'))).toEqual([2, 0, 2]);
});

test('who may be any executor is one that answers, in turns, else one that is kept; where none is, one of them all the same', () => {
  const executors = peers(0, 0, 0);
  const turns = new ExecutorTurns();
  const any = (count: number): (number | undefined)[] =>
    Array.from({ length: count }, () => turns.any(executors)?.executor);
  (executors.get(1) as ExecutorPeer).silent = true;
  expect(new Set(any(4))).toEqual(new Set([0, 2]));
  for (const executor of executors.values()) executor.silent = true;
  expect(new Set(any(6))).toEqual(new Set([0, 1, 2]));
  (executors.get(2) as ExecutorPeer).kept = true;
  expect(any(2)).toEqual([2, 2]);
  expect(turns.any(executors)?.kept).toBe(true);
  (executors.get(1) as ExecutorPeer).silent = false;
  expect(any(2)).toEqual([1, 1]);
  executors.clear();
  expect(any(1)).toEqual([undefined]);
});
