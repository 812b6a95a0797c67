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
        expect([...state.range(from, to)]).toEqual(expected.filter(([key]) => key >= from && key < to));
        expect(state.get(from)).toBe(expected.find(([key]) => key === from)?.[1]);
      }
    }),
    { numRuns: 60 },
  );
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
