/** Random trees of tasks, for worlds of partitions and executors; and what is left of them in the end: nothing. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { encodePolicy } from '../app/policy.ts';
import { outboxTable } from '../partition/outbox.ts';
import { expectCounters } from './counters.fixture.ts';
import { grantKind } from './messages.ts';
import type { Op, Program } from './program.fixture.ts';
import {
  chunkTable,
  doneTable,
  inputTable,
  logTable,
  mapTable,
  specTable,
  stateTable,
  stepTable,
  watcherTable,
} from './tables.ts';
import type { Part, World } from './world.fixture.ts';

export const policy = encodePolicy({
  attempts: 9,
  backoffFirstMs: 50,
  backoffFactor: 2,
  backoffMaxMs: 400,
  timeoutMs: 0,
  priority: 0,
});

const leafOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('run' as const), value: fc.nat(99), fails: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('sleep' as const), ms: fc.nat(500) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('work' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('log' as const) }) },
);
const end: fc.Arbitrary<Program['end']> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant('fail' as const) },
  { weight: 1, arbitrary: fc.constant('fatal' as const) },
  { weight: 2, arbitrary: fc.record({ flaky: fc.integer({ min: 1, max: 2 }) }) },
);

/** Without `end` where it is undefined, so that equal programs are equal as text. */
const programOf = (ops: readonly Op[], ending: Program['end']): Program =>
  ending === undefined ? { ops } : { ops, end: ending };

/** Joins of what was started, after it. */
const withJoins = (ops: readonly Op[], join: readonly boolean[]): Op[] => [
  ...ops,
  ...ops.flatMap((op, at): Op[] => (op.op === 'start' && join[at % join.length] === true ? [{ op: 'join', at }] : [])),
];

const program = (depth: number): fc.Arbitrary<Program> => {
  const child = depth === 0 ? undefined : program(depth - 1);
  const op: fc.Arbitrary<Op> =
    child === undefined
      ? leafOp
      : fc.oneof(
          { weight: 3, arbitrary: leafOp },
          { weight: 2, arbitrary: fc.record({ op: fc.constant('call' as const), child }) },
          { weight: 2, arbitrary: fc.record({ op: fc.constant('start' as const), child }) },
          {
            weight: 2,
            arbitrary: fc.record({
              op: fc.constant('map' as const),
              items: fc.array(child, { maxLength: 12 }),
              collect: fc.boolean(),
            }),
          },
        );
  const group: fc.Arbitrary<Op> = fc.record({
    op: fc.constant('all' as const),
    ops: fc.array(
      op.filter(({ op: kind }) => kind !== 'work' && kind !== 'start'),
      { maxLength: 3 },
    ),
  });
  return fc
    .tuple(
      fc.array(fc.oneof({ weight: 4, arbitrary: op }, { weight: 1, arbitrary: group }), { maxLength: 4 }),
      end,
      fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
    )
    .map(([ops, ending, join]) => programOf(withJoins(ops, join), ending));
};

/** Roots that call children by key: only where nothing above can fail, so that no shared child is cancelled. */
export const keyedRoot = (children: readonly Program[]): Program => ({
  ops: children.map((child): Op => ({ op: 'call', child, keyed: true })),
});

const rows = (part: Part): string[] => {
  const found: string[] = [];
  part.core.transact(0, (tx) => {
    for (const table of [specTable, stateTable, outboxTable, watcherTable])
      for (const [key] of tx.scan<unknown>(table)) found.push(`${table.name} ${key}`);
    const owners = new Set<string>();
    for (const [key, { spec }] of tx.scan(doneTable)) {
      owners.add(key);
      if (spec.kind === grantKind.chunk) found.push(`chunk ${key}`);
    }
    for (const table of [stepTable, logTable, mapTable, chunkTable, inputTable])
      for (const [key] of tx.scan<unknown>(table))
        if (!owners.has(key.slice(0, 26))) found.push(`${table.name} of nobody ${key}`);
  });
  return found;
};

export const nothingIsLeft = (world: World): void => {
  for (const part of world.parts) {
    const { tasks } = part;
    expect(rows(part)).toEqual([]);
    expect([tasks.alive, tasks.live.size, tasks.byAttempt.size, tasks.queue.length]).toEqual([0, 0, 0, 0]);
    expect([
      tasks.progress.size,
      tasks.waiters.size,
      tasks.followed.size,
      tasks.changed.size,
      tasks.outcomes.length,
    ]).toEqual([0, 0, 0, 0, 0]);
    expect(tasks.exclusiveRuns).toBe(false);
  }
  expectCounters(world);
};

export type Root = { readonly id: string; readonly program: Program; request: number };

export const begin = (world: World, programs: readonly Program[]): Root[] =>
  programs.map((each, at) => {
    const id = world.mint(at % world.parts.length);
    return { id, program: each, request: world.start(id, each) };
  });

export const scenario = fc.record({
  programs: fc.array(program(2), { minLength: 1, maxLength: 4 }),
  keyed: fc.array(
    program(0).filter((each) => each.end === undefined),
    { maxLength: 2 },
  ),
  seed: fc.string({ maxLength: 8 }),
  partitions: fc.constantFrom(1, 3, 8),
  crashes: fc.nat(7),
  everySteps: fc.constantFrom(4, 10, 40),
});
