/**
 * Random writes, checkpoints, flushes cut short, log mishaps and new leaders, against a plain map of what was acknowledged.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../store/memory-store.ts';
import { items, Leader, others, ScriptedLog } from './scripted-log.fixture.ts';

type Rows = Map<string, number>;
const tables = { 7: items, 9: others } as const;
type TableId = keyof typeof tables;

/** What every step did, so that states can be made again at any record. */
type Write = { readonly table: TableId; readonly key: string; readonly value: number | undefined };

const applied = (steps: readonly (readonly Write[])[]): Rows => {
  const rows: Rows = new Map();
  for (const step of steps)
    for (const { table, key, value } of step) {
      if (value === undefined) rows.delete(`${table}/${key}`);
      else rows.set(`${table}/${key}`, value);
    }
  return rows;
};

const stateOf = (leader: Leader): Rows => {
  const rows: Rows = new Map();
  leader.core.transact(leader.now, (tx) => {
    for (const id of [7, 9] as const) {
      const scanned = [...tx.scan(tables[id])];
      expect(scanned.map(([key]) => key)).toEqual(scanned.map(([key]) => key).sort());
      for (const [key, row] of scanned) expect(tx.get(tables[id], key)).toEqual(row);
      for (const [key, row] of scanned) rows.set(`${id}/${key}`, row.value as number);
    }
  });
  return rows;
};

/** Keys that grow, as those of tasks do, and a few that come again. */
const key = fc.oneof(
  fc.integer({ min: 0, max: 5 }).map((at) => `hot${at}`),
  fc.constant('grow'),
);
const write = fc.record({ table: fc.constantFrom<TableId>(7, 9), key, remove: fc.boolean() });
const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('step' as const), writes: fc.array(write, { maxLength: 5 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('land' as const), how: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const), slices: fc.integer({ min: 0, max: 6 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('throw' as const), writes: fc.array(write, { maxLength: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), late: fc.boolean() }) },
);

test('after any crash a new leader has exactly what was acknowledged, and whatever else landed in order (P2, P8)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 80, size: 'max' }), async (actions) => {
      const store = createMemoryStore();
      const log = new ScriptedLog();
      let leader = new Leader({ log, store, window: 3 });
      leader.settle();
      let grown = 0;
      /** All steps of this leadership on top of what it began with. */
      let steps: Write[][] = [];
      let acknowledged = 0;
      const take = () => {
        for (const output of leader.released.splice(0)) {
          expect(Number(output)).toBe(acknowledged);
          acknowledged++;
        }
      };
      const run = (writes: readonly { table: TableId; key: string; remove: boolean }[], fails: boolean) => {
        const done: Write[] = [];
        const go = () =>
          leader.step((tx) => {
            for (const { table, key, remove } of writes) {
              const name = key === 'grow' ? `key${String(remove ? grown : ++grown).padStart(6, '0')}` : key;
              const expected = applied([...steps, done]).get(`${table}/${name}`);
              expect(tx.get(tables[table], name)?.value).toBe(expected);
              const value = remove ? undefined : steps.length * 100 + done.length;
              if (value === undefined) tx.delete(tables[table], name);
              else tx.put(tables[table], name, { value });
              done.push({ table, key: name, value });
            }
            tx.emit(String(steps.length));
            if (fails) throw new Error('planned');
          });
        if (fails) expect(go).toThrow('planned');
        else {
          go();
          steps.push(done);
        }
      };
      for (const each of actions) {
        switch (each.kind) {
          case 'step':
          case 'throw':
            run(each.writes, each.kind === 'throw');
            break;
          case 'land': {
            if (leader.appends.length === 0) break;
            const entry = leader.take(each.how % leader.appends.length);
            const landed = each.how !== 4 && log.put(entry.bytes, entry.after);
            if (landed && each.how !== 5) leader.answer(entry, { kind: 'appended', position: entry.after + 1 });
            else leader.answer(entry, { kind: each.how === 5 ? 'unknown' : 'occupied' });
            break;
          }
          case 'read':
            if (leader.reads.length > 0) leader.read();
            break;
          case 'checkpoint':
            leader.core.checkpoint();
            leader.pump();
            break;
          case 'flush':
            if (leader.flushes.length > 0) await leader.flush(each.slices >= 5 ? undefined : each.slices);
            break;
          case 'restart': {
            take();
            const leftovers = leader.appends.splice(0);
            const next = new Leader({ log, store, window: 3 });
            next.settle();
            if (each.late) for (const entry of leftovers) log.put(entry.bytes, entry.after);
            const state = stateOf(next);
            const candidates = Array.from({ length: steps.length - acknowledged + 1 }, (_, more) =>
              applied(steps.slice(0, acknowledged + more)),
            );
            expect(candidates).toContainEqual(state);
            steps = [
              [...state].map(([name, value]) => ({ table: Number(name[0]) as TableId, key: name.slice(2), value })),
            ];
            acknowledged = 1;
            leader = next;
            break;
          }
          default:
            each satisfies never;
        }
        take();
        expect(stateOf(leader)).toEqual(applied(steps));
      }
      leader.settle();
      take();
      expect(acknowledged).toBe(steps.length);
    }),
    { numRuns: 300 },
  );
});

test('a checkpoint flushes exactly the state at its record, while writes go on (C1)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.nat(9), { nil: undefined })), {
        minLength: 1,
        maxLength: 30,
      }),
      fc.nat(29),
      async (writes, at) => {
        const log = new ScriptedLog();
        const store = createMemoryStore();
        const leader = Leader.ready({ log, store, window: 2 });
        let expected: Record<string, number | string> | undefined;
        for (const [index, [name, value]] of writes.entries()) {
          leader.step((tx) => (value === undefined ? tx.delete(items, name) : tx.put(items, name, { value })));
          if (index === at) {
            expect(leader.core.checkpoint()).toBe(true);
            expected = leader.rows();
          }
        }
        if (expected === undefined) return;
        expect(leader.flushes).toEqual([]);
        leader.settle();
        const live = leader.rows();
        await leader.flush();
        expect(leader.rows()).toEqual(live);
        // Only what is in the store: a leader over a log that ends at the marker.
        const copy = new ScriptedLog();
        copy.records.push(...log.records.slice(0, store.reader().marker(0).position));
        const reader = new Leader({ log: copy, store });
        expect(reader.reads).toEqual([copy.end + 1]);
        reader.settle();
        expect(reader.rows()).toEqual(expected);
      },
    ),
    { numRuns: 150 },
  );
});
