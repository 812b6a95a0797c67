/** Random use of a store beside a naive model of it: a part of the conformance suite. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoreEntry, StoreReader, StoreWriter } from './store.ts';

export type StoreFixture = {
  readonly writer: StoreWriter;
  reader(): StoreReader;
  /** Called once, after the readers and the writer were closed. */
  remove(): Promise<void>;
};

export const modelAgreement = (name: string, open: () => Promise<StoreFixture>): void => {
  test(`${name} agrees with a sorted map after any slices, marks, clearings, renewals and scans`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 60 }), async (steps) => {
        const fixture = await open();
        const readers = [fixture.reader(), fixture.reader()];
        try {
          await runSteps(fixture.writer, readers, steps);
        } finally {
          for (const reader of readers) await reader.close();
          await fixture.writer.close();
          await fixture.remove();
        }
      }),
      { numRuns: 40 },
    );
  });
};

const partitionNumber = fc.constantFrom(0, 1, 0x100);
const tableNumber = fc.constantFrom(0, 1, 0xff, 0x100);
/** Few different keys, so that writes meet: short ones of edge units, and long ones. */
const key = fc.oneof(
  fc.array(fc.constantFrom('\x00', '\x01', 'a', 'b', '\xfe', '\xff'), { maxLength: 3 }).map((units) => units.join('')),
  fc.integer({ min: 1, max: 3 }).map((number) => 'long'.repeat(300) + number),
);
const value = fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined, freq: 3 });

const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      partition: partitionNumber,
      slice: fc.array(fc.tuple(tableNumber, key, value), { maxLength: 80 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('mark' as const),
      partition: partitionNumber,
      position: fc.maxSafeNat(),
      note: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), partition: partitionNumber }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('renew' as const), reader: fc.nat({ max: 1 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      reader: fc.nat({ max: 1 }),
      partition: partitionNumber,
      table: tableNumber,
      from: key,
      to: fc.option(key, { nil: undefined }),
    }),
  },
);

type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;
type ModelMarker = { readonly position: number; readonly note: Uint8Array | undefined };
type Model = { readonly rows: Map<string, Uint8Array>; readonly markers: Map<number, ModelMarker> };

const place = (partition: number, table: number): string => `${partition}/${table}/`;
const copyOf = (model: Model): Model => ({ rows: new Map(model.rows), markers: new Map(model.markers) });

const runSteps = async (
  writer: StoreWriter,
  readers: readonly StoreReader[],
  steps: readonly Step[],
): Promise<void> => {
  const model: Model = { rows: new Map(), markers: new Map() };
  const seen: Model[] = readers.map(() => copyOf(model));
  let underWay: Promise<void>[] = [];
  for (const step of steps) {
    switch (step.kind) {
      case 'write':
        underWay.push(writer.write(step.partition, step.slice));
        for (const [table, key, bytes] of step.slice) {
          if (bytes === undefined) model.rows.delete(place(step.partition, table) + key);
          else model.rows.set(place(step.partition, table) + key, bytes);
        }
        break;
      case 'mark':
        underWay.push(writer.mark(step.partition, step));
        model.markers.set(step.partition, { position: step.position, note: step.note });
        break;
      case 'clear':
        underWay.push(writer.clear(step.partition));
        for (const key of [...model.rows.keys()]) if (key.startsWith(`${step.partition}/`)) model.rows.delete(key);
        model.markers.delete(step.partition);
        break;
      case 'renew':
        await Promise.all(underWay);
        underWay = [];
        readers[step.reader]!.renew();
        seen[step.reader] = copyOf(model);
        break;
      case 'read':
        expectAgreement(readers[step.reader]!, seen[step.reader]!, step);
        break;
      default:
        step satisfies never;
    }
  }
  await Promise.all(underWay);
};

const expectAgreement = (reader: StoreReader, model: Model, step: Extract<Step, { kind: 'read' }>): void => {
  const { partition, table, from, to } = step;
  const prefix = place(partition, table);
  const expected = [...model.rows]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), Buffer.from(value)] as const)
    .filter(([key]) => key >= from && (to === undefined || key < to))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = (scan: Iterable<StoreEntry>) =>
    Array.from(scan, ([key, value]) => [key, Buffer.from(value)] as const);
  expect(entries(reader.scan(partition, table, from, to))).toEqual(expected);
  expect(entries(reader.scanDown(partition, table, from, to))).toEqual(expected.toReversed());
  const value = reader.get(partition, table, from);
  const stored = model.rows.get(prefix + from);
  expect(value && Buffer.from(value)).toEqual(stored && Buffer.from(stored));
  expect(reader.marker(partition)).toEqual(model.markers.get(partition) ?? { position: 0, note: undefined });
};
