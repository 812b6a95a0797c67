import { describe, expect, test } from 'vitest';
import { ExecutorTable } from './executor-table.ts';

/** Which functions each executor runs. */
const runs = (table: ExecutorTable): Readonly<Record<number, readonly string[]>> =>
  Object.fromEntries([...table.all].map(([number, { names }]) => [number, [...names]]));

const silent = (table: ExecutorTable, executor: number, is: boolean): void => {
  const known = table.all.get(executor);
  if (known !== undefined) known.silent = is;
  table.renew();
};

describe('a function with a place', () => {
  test('runs there while one there answers, and elsewhere while none does', () => {
    const table = new ExecutorTable(8);
    table.add(1, ['a', 'b'], ['b'], false);
    // Nobody is where b is to run.
    expect(runs(table)).toEqual({ 1: ['a', 'b'] });
    table.add(2, ['a', 'b'], [], true);
    expect(runs(table)).toEqual({ 1: ['a'], 2: ['a', 'b'] });
    expect([table.count('a'), table.count('b'), table.count(undefined)]).toEqual([2, 1, 2]);
    silent(table, 2, true);
    expect(runs(table)).toEqual({ 1: ['a', 'b'], 2: ['a', 'b'] });
    silent(table, 2, false);
    expect(runs(table)).toEqual({ 1: ['a'], 2: ['a', 'b'] });
    table.remove(2);
    expect(runs(table)).toEqual({ 1: ['a', 'b'] });
  });

  test('is no matter where those there have another version of the app, without it', () => {
    const table = new ExecutorTable(8);
    table.add(1, ['a', 'b'], ['b'], false);
    table.add(2, ['a'], [], true);
    expect(runs(table)).toEqual({ 1: ['a', 'b'], 2: ['a'] });
  });
});

test('executors that run the same share one set, and the sets are another array only when they have changed', () => {
  const table = new ExecutorTable(8);
  table.add(1, ['a', 'b'], [], false);
  const sets = table.functionSets;
  table.add(2, ['b', 'a'], [], true);
  expect(table.functionSets).toBe(sets);
  expect(table.functionsOf(1)).toBe(table.functionsOf(2));
  table.add(3, ['a'], [], true);
  expect(table.functionSets).toHaveLength(2);
  expect(table.functionSets).not.toBe(sets);
  table.remove(3);
  expect(table.functionSets).toEqual(sets);
  table.remove(1);
  table.remove(2);
  expect([table.functionSets, table.functionsOf(1)]).toEqual([[], new Set()]);
});
