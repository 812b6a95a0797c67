import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../store/memory-store.ts';
import { Layers } from './layers.ts';
import { type Item, items, others } from './scripted-log.fixture.ts';
import { TableSet } from './table.ts';

const key = fc.integer({ min: 0, max: 60 }).map((number) => number.toString(36).padStart(2, '0'));
const step = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('put' as const), key, value: fc.nat({ max: 9 }) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('scan' as const),
      below: fc.option(key, { nil: undefined }),
      most: fc.integer({ min: 1, max: 40 }),
    }),
  },
);

test('rows are the same from both ends, wherever they lie: unflushed, under way to the store, or in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), async (steps) => {
      const store = createMemoryStore();
      const reader = store.reader();
      const layers = new Layers(0, reader, new TableSet([items, others]), []);
      layers.storeKnown();
      layers.set(others.id, '00', { value: 'of another table' });
      const model = new Map<string, Item>();
      for (const each of steps)
        switch (each.kind) {
          case 'put':
            model.set(each.key, { value: each.value });
            layers.set(items.id, each.key, { value: each.value });
            break;
          case 'delete':
            model.delete(each.key);
            layers.set(items.id, each.key, undefined);
            break;
          case 'checkpoint':
            if (layers.frozen) {
              await store.writer.write(0, [...layers.frozenWrites()]);
              reader.renew();
              layers.flushed();
            } else layers.freeze();
            break;
          case 'scan': {
            const { below, most } = each;
            const rows = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
            expect([...layers.scan(items)]).toEqual(rows);
            const highest = rows.filter(([found]) => below === undefined || found < below).toReversed();
            expect([...layers.scanDown(items, below, most)]).toEqual(highest.slice(0, most));
            break;
          }
          default:
            each satisfies never;
        }
    }),
    { numRuns: 300 },
  );
});
