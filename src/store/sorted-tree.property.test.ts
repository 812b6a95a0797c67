import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedTree } from './sorted-tree.ts';

const key = fc.integer({ min: 0, max: 400 }).map((number) => number.toString(36));
const change = fc.tuple(key, fc.option(fc.nat(), { nil: undefined, freq: 3 }));

const sorted = (model: ReadonlyMap<string, number>): [string, number][] =>
  [...model].sort(([a], [b]) => (a < b ? -1 : 1));

test('a tree agrees with a sorted map after any edits, and earlier trees stay as they were', () => {
  const edits = fc.array(fc.array(change, { maxLength: 300 }), { maxLength: 12 });
  fc.assert(
    fc.property(edits, key, key, (all, from, to) => {
      const model = new Map<string, number>();
      let tree = SortedTree.empty<number>();
      const states: (readonly [SortedTree<number>, [string, number][]])[] = [];
      for (const edit of all) {
        for (const [key, value] of edit) {
          if (value === undefined) model.delete(key);
          else model.set(key, value);
        }
        tree = tree.edit(edit);
        states.push([tree, sorted(model)]);
      }
      for (const [state, expected] of states) {
        expect([...state.range('', undefined)]).toEqual(expected);
        const between = expected.filter(([key]) => key >= from && key < to);
        expect([...state.range(from, to)]).toEqual(between);
        expect([...state.rangeDown(from, to)]).toEqual(between.reverse());
        expect([...state.rangeDown('', undefined)]).toEqual(expected.toReversed());
        expect(state.get(from)).toBe(expected.find(([key]) => key === from)?.[1]);
      }
    }),
    { numRuns: 60 },
  );
});

test('keys that come before all others find their place, also where the first ones were removed', () => {
  const numbered = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, at) => String(from + at).padStart(5, '0'));
  const grown = SortedTree.empty<number>().edit(numbered(10_000, 20_000).map((key) => [key, 1]));
  for (const removed of [64, 1_000, 5_000]) {
    const cut = grown.edit(numbered(10_000, 10_000 + removed).map((key) => [key, undefined]));
    // From the highest down, so that each is below all that are there.
    const before = numbered(0, 3_000).reverse();
    const filled = cut.edit(before.map((key) => [key, 2]));
    const expected = [...numbered(0, 3_000), ...numbered(10_000 + removed, 20_000)];
    expect(Array.from(filled.range('', undefined), ([key]) => key)).toEqual(expected);
    expect(Array.from(filled.rangeDown('', undefined), ([key]) => key)).toEqual(expected.toReversed());
    expect(expected.filter((key) => filled.get(key) === undefined)).toEqual([]);
    const emptied = filled.edit(expected.map((key) => [key, undefined]));
    expect([...emptied.range('', undefined)]).toEqual([]);
  }
});

test('a tree that grew by a hundred thousand keys in any order can be emptied again', () => {
  const keys = Array.from({ length: 100_000 }, (_, index) =>
    (Math.imul(index, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0'),
  );
  const full = SortedTree.empty<number>().edit(keys.map((key, index) => [key, index]));
  expect(Array.from(full.range('', undefined), ([key]) => key)).toEqual(keys.toSorted());
  const empty = full.edit(keys.map((key) => [key, undefined]));
  expect([...empty.range('', undefined)]).toEqual([]);
});
