/**
 * Random trees of tasks that are half done are moved to another number of partitions with new logs, and go on there.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outboxTable } from '../partition/outbox.ts';
import type { AnyTable } from '../partition/table.ts';
import { hash16 } from '../values/hash.ts';
import { parseOrderedKey } from '../values/ordered-key.ts';
import { partitionOfHash } from '../values/task-id.ts';
import { expected } from './program.fixture.ts';
import { begin, keyedRoot, nothingIsLeft, policy, scenario } from './random-trees.fixture.ts';
import { recut } from './recut.ts';
import { keyTable, stepTable, taskTables } from './tables.ts';
import { World } from './world.fixture.ts';

/** All executors and leaders die; nothing runs, and what partitions have for each other arrives. */
const settle = (world: World): void => {
  for (const part of world.parts) world.crashLeader(part, 2);
  world.executors.length = 0;
  world.wire.clear();
  for (const part of world.parts) world.lead(part, [], 'it was killed');
  const isSettled = (): boolean =>
    world.parts.every((part) => part.appends.length === 0 && [...part.core.scan(outboxTable)].length === 0);
  while (!isSettled() || world.possible().length > 0) {
    const events = world.possible();
    if (events.length === 0) throw new Error('messages are left that nobody takes');
    world.pick(events)();
  }
};

/** Everything a world holds, by table and key; what each task's journal tells, in its order. */
const contents = (world: World): { readonly rows: Map<string, string[]>; readonly journals: Map<string, string[]> } => {
  const rows = new Map<string, string[]>();
  const journals = new Map<string, [number, string][]>();
  for (const table of taskTables as readonly AnyTable[]) {
    const keys: string[] = [];
    for (const { core } of world.parts) for (const [key] of core.scan(table)) keys.push(key);
    rows.set(table.name, table.name === 'removed' ? [] : keys.sort());
  }
  for (const { core } of world.parts)
    for (const [key, { order, stepKey, text }] of core.scan(stepTable)) {
      if (order === 0) continue;
      const task = key.slice(0, 26);
      journals.set(task, [...(journals.get(task) ?? []), [order, `${stepKey} ${text}`]]);
    }
  const inOrder = (steps: [number, string][]): string[] => steps.sort(([a], [b]) => a - b).map(([, step]) => step);
  return { rows, journals: new Map([...journals].map(([task, steps]) => [task, inOrder(steps)])) };
};

const moved = (from: World, partitions: number): World => {
  const world = new World({ ...from.options, partitions, executors: 0, seed: `${from.options.seed} moved` });
  world.now = from.now;
  const time = Math.max(...from.parts.map(({ core }) => core.time));
  for (const { partition, table, key, row } of recut(
    from.parts.map(({ core }) => core),
    partitions,
  ))
    world.transact(world.parts[partition] as World['parts'][number], (tx) => {
      tx.notBefore(time);
      tx.put(table, key, row);
    });
  for (const part of world.parts) while (part.appends.length > 0) world.land(part);
  return world;
};

test('tasks that are moved to other partitions have all their rows, and go on where they were', () => {
  fc.assert(
    fc.property(
      scenario,
      fc.nat(400),
      fc.constantFrom(1, 3, 8, 13),
      fc.boolean(),
      ({ programs, keyed, seed, partitions }, stop, to, early) => {
        const before = new World({ partitions, executors: 2, seed, policy, atOnce: 0.5 });
        const shared = keyed.length === 0 ? [] : [keyedRoot(keyed), keyedRoot([...keyed].reverse())];
        const roots = begin(before, [...programs, ...shared]);
        for (let steps = 0; steps < stop; steps++) {
          const events = before.possible();
          const waiting = before.executors.flatMap((executor) =>
            [...executor.attempts.values()].filter((attempt) => attempt.waits && !attempt.holdsItems),
          );
          if (early && waiting.length > 0 && before.random.fraction() < 0.1) before.pick(waiting).park();
          else if (events.length > 0) before.pick(events)();
          else if (!before.passTime()) break;
        }
        for (const part of before.parts) while (part.appends.length > 0) before.land(part);
        settle(before);

        const world = moved(before, to);
        expect(contents(world)).toEqual(contents(before));
        // A key is looked up where a start with it goes.
        for (const { core, number } of world.parts)
          for (const [key] of core.scan(keyTable))
            expect(partitionOfHash(hash16(JSON.stringify(parseOrderedKey(key))), to)).toBe(number);
        for (const [step, result] of before.stepResults) world.stepResults.set(step, result);
        for (let count = 0; count < 2; count++) world.addExecutor();
        for (const part of world.parts) world.lead(part, []);
        for (const root of roots) root.request = world.start(root.id, root.program, { repeatable: true });
        world.run();
        for (const { program, request } of roots) {
          const reply = world.reply(request);
          const outcome = expected(program);
          expect(reply?.ok).toBe(outcome.ok);
          if (outcome.ok) expect(JSON.parse(reply?.text ?? '')).toEqual(outcome.value);
        }
        nothingIsLeft(world);
      },
    ),
    { numRuns: 100 },
  );
});
