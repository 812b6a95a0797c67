/** What must hold of a history after the faults: laws 1, 3, 4 and 5 of the design, as clients can see them. */
import { existsSync, readFileSync } from 'node:fs';
import type { RemoteClient } from '../../../src/client/client.ts';
import type { TaskStatus } from '../../../src/protocol/task-view.ts';
import { type Interval, whyNotLinearizable } from '../../simulation/checkers/linearizable.ts';
import type * as app from './faults-app.fixture.ts';
import { type Effect, effectsFile } from './faults-app.fixture.ts';
import { type Operation, type Told, toldOf } from './history.ts';

export type Checked = {
  readonly violations: readonly string[];
  /** Runs of steps beyond the first of each: what faults made to be done again. */
  readonly redone: number;
};

/** Refusals that are true of a cluster in trouble: then nothing of it may have happened. */
const truthful = new Set(['OVERLOADED', 'NOT_READY', 'UNREACHABLE']);

export const checkHistory = async (
  operations: readonly Operation[],
  folder: string,
  client: RemoteClient<typeof app>,
): Promise<Checked> => {
  const violations: string[] = [];
  const violated = (law: string, operation: Operation | undefined, what: string): void => {
    violations.push(`${law}: ${what}${operation === undefined ? '' : `\n  ${JSON.stringify(operation)}`}`);
  };
  const tasks = await allTasks(client);
  const effects = readEffects(folder);
  const keys = new Set([...tasks.values()].map(({ key }) => key));
  for (const operation of operations) checkOperation(operation, tasks, keys, effects, violated);
  checkStates(operations, violated);
  checkCopies(operations, tasks, violated);
  await checkOutcomes(operations, client, violated);
  await checkRegisters(operations, tasks, client, violated);
  const redone = checkSteps(effects, violated);
  return { violations, redone };
};

type Violated = (law: string, operation: Operation | undefined, what: string) => void;
type Effects = ReadonlyMap<string, readonly Effect[]>;

const allTasks = async (client: RemoteClient<typeof app>): Promise<ReadonlyMap<string, TaskStatus>> => {
  const tasks = new Map<string, TaskStatus>();
  let cursor: string | undefined;
  do {
    const page = await client.list({ limit: 500, topLevel: true, ...(cursor === undefined ? {} : { cursor }) });
    for (const task of page.tasks) tasks.set(task.id, task);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return tasks;
};

const readEffects = (folder: string): Effects => {
  const file = effectsFile(folder);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const effects = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Effect);
  return Map.groupBy(effects, ({ task }) => task);
};

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What one operation was told is right, and what was acknowledged to it is there. */
const checkOperation = (
  operation: Operation,
  tasks: ReadonlyMap<string, TaskStatus>,
  keys: ReadonlySet<string | undefined>,
  effects: Effects,
  violated: Violated,
): void => {
  const { told, id, key } = operation;
  const task = id === undefined ? undefined : tasks.get(id);
  if (id !== undefined && task === undefined) violated('acknowledged', operation, 'was acknowledged and is not there');
  if (task !== undefined && task.finishedAt === undefined) violated('progress', operation, `is still ${task.state}`);
  if (told?.ok === true && id === undefined && key !== undefined && !keys.has(key))
    violated('acknowledged', operation, 'was told its result, and is not there');
  if (told === undefined) violated('progress', operation, 'was never answered');
  else if (told.ok || told.outcome === 'failed' || operation.kind === 'claim') {
    const wrong = whatIsWrong(operation, told, effects);
    if (wrong !== undefined) violated('right result', operation, wrong);
  } else if (operation.kind === 'glance' && told.code === 'NO_ANSWER') return;
  else if (told.outcome !== 'rejected') violated('progress', operation, `ended with ${told.code}`);
  else if (!truthful.has(told.code)) violated('true errors', operation, `was refused with ${told.code}`);
  else if (id === undefined && wasDone(operation, keys, effects))
    violated('true errors', operation, 'was said to be rejected, and was done');
};

const wasDone = ({ kind, key, input }: Operation, keys: ReadonlySet<string | undefined>, effects: Effects): boolean =>
  (key !== undefined && keys.has(key)) || (kind === 'ledger' && effects.has((input as { readonly name: string }).name));

const whatIsWrong = ({ kind, input }: Operation, told: Told, effects: Effects): string | undefined => {
  const expect = (value: unknown): string | undefined =>
    told.ok && same(told.value, value) ? undefined : `should be ${JSON.stringify(value)}`;
  switch (kind) {
    case 'echo':
    case 'retry':
      return expect(input);
    case 'squares':
      return expect(Array.from({ length: input as number }, (_, n) => n * n));
    case 'follow': {
      const seen = Array.from({ length: input as number }, (_, line) => `line ${line}`);
      return expect({ seen, ended: input });
    }
    case 'cancel':
      return !told.ok && told.code === 'TASK_CANCELLED' ? undefined : 'should be cancelled';
    case 'status':
    case 'glance':
      return told.ok && told.value !== undefined ? undefined : 'was acknowledged before, and is not known';
    case 'claim':
      return told.ok || told.code === 'KEY_CONFLICT' || truthful.has(told.code) || isUncertain(told)
        ? undefined
        : 'is no answer to a start';
    case 'ledger': {
      const { name, steps } = input as { readonly name: string; readonly steps: number };
      if (!told.ok || !Array.isArray(told.value) || told.value.length !== steps) return `should have ${steps} steps`;
      const ran = effects.get(name) ?? [];
      const odd = told.value.findIndex((token, step) => !ran.some((one) => one.step === step && one.token === token));
      return odd === -1 ? undefined : `step ${odd} has a result that it never gave`;
    }
    default:
      return kind satisfies never;
  }
};

/** Once anybody was told that a task has ended, nobody who asks later is told that it has not; but for those that are run again. */
const checkStates = (operations: readonly Operation[], violated: Violated): void => {
  const endedMs = new Map<string, number>();
  const ends = operations.filter(
    ({ kind, told }) => told?.ok === true && ['ledger', 'squares', 'follow'].includes(kind),
  );
  const cancels = operations.filter(({ kind, told }) => kind === 'cancel' && told !== undefined && isOver(told));
  for (const { id, endedMs: atMs } of [...ends, ...cancels])
    if (id !== undefined && atMs !== undefined) endedMs.set(id, Math.min(atMs, endedMs.get(id) ?? atMs));
  for (const operation of operations) {
    const { kind, told, input, begunMs } = operation;
    if (
      (kind !== 'status' && kind !== 'glance') ||
      told?.ok !== true ||
      begunMs <= (endedMs.get(input as string) ?? begunMs)
    )
      continue;
    if (told.value !== 'completed' && told.value !== 'cancelled')
      violated('one outcome', operation, 'was told after it had ended');
  }
};

const isOver = (told: Told): boolean => !told.ok && told.code === 'TASK_CANCELLED';

/** There are no more tasks than were asked for: what was sent again is the same task. */
const checkCopies = (
  operations: readonly Operation[],
  tasks: ReadonlyMap<string, TaskStatus>,
  violated: Violated,
): void => {
  const ids = new Set(operations.map(({ id }) => id));
  const unclaimed = Map.groupBy(
    [...tasks.values()].filter(({ id }) => !ids.has(id)),
    ({ name }) => name,
  );
  for (const [name, own] of unclaimed) {
    const mayBeTheirs = operations.filter(({ kind, id }) => taskOf[kind] === name && id === undefined);
    if (own.length > mayBeTheirs.length)
      violated(
        'once',
        undefined,
        `${own.length} tasks ${name} belong to nobody who was told their ids, and ${mayBeTheirs.length} such were asked for`,
      );
  }
};

/** The tasks that operations start. */
const taskOf: Readonly<Record<Operation['kind'], string | undefined>> = {
  echo: 'echo',
  ledger: 'ledger',
  squares: 'squares',
  claim: 'claim',
  cancel: 'longSleep',
  retry: 'broken',
  follow: 'lines',
  status: undefined,
  glance: undefined,
};

/** A copy was refused, and what became of an earlier one is not known: true, if the connection broke meanwhile. */
const isUncertain = (told: Told | undefined): boolean =>
  told?.ok === false && told.code === 'NO_ANSWER' && told.reason === 'refused';

/** One outcome: whoever asks again is told the same. */
const checkOutcomes = async (
  operations: readonly Operation[],
  client: RemoteClient<typeof app>,
  violated: Violated,
): Promise<void> => {
  const asked = operations.filter(
    ({ kind, id, told }) => id !== undefined && told !== undefined && ['ledger', 'squares', 'cancel'].includes(kind),
  );
  for (const batch of inBatches(asked, 50))
    await Promise.all(
      batch.map(async (operation) => {
        const again = await toldOf(() => client.result(operation.id as string, { timeout: '60 s' }));
        if (!same(valueOrCode(again), valueOrCode(operation.told as Told)))
          violated('one outcome', operation, `and now it is ${JSON.stringify(again)}`);
      }),
    );
};

const valueOrCode = (told: Told): unknown => (told.ok ? { value: told.value } : told.code);

const inBatches = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, batch) => all.slice(batch * size, (batch + 1) * size));

/** Starts under one key are writes to a register that takes one value: each such history is linearizable, and it is one task. */
const checkRegisters = async (
  operations: readonly Operation[],
  tasks: ReadonlyMap<string, TaskStatus>,
  client: RemoteClient<typeof app>,
  violated: Violated,
): Promise<void> => {
  const claims = operations.filter(({ kind }) => kind === 'claim');
  const holders = Map.groupBy(tasks.values(), ({ key }) => key);
  for (const [register, own] of Map.groupBy(claims, ({ key }) => key)) {
    const ids = new Set([...own.flatMap(({ id }) => id ?? []), ...(holders.get(register) ?? []).map(({ id }) => id)]);
    if (ids.size > 1) violated('one task a key', undefined, `${register} belongs to ${[...ids].join(' and ')}`);
    const [id] = ids;
    const result = id === undefined ? undefined : await toldOf(() => client.result(id, { timeout: '60 s' }));
    if (result?.ok === false) {
      violated('acknowledged', undefined, `${register} (${id}) was acknowledged, and is told as ${result.message}`);
      continue;
    }
    const final = result === undefined ? 0 : (result.value as number);
    const why = whyNotLinearizable(registerHistory(own, final), 0);
    if (why !== undefined) violated('linearizable', undefined, `${register}: ${why}`);
  }
};

const registerHistory = (own: readonly Operation[], final: number): readonly Interval[] => {
  const callers = [...new Set(own.map(({ caller }) => caller))];
  const history = own.flatMap((operation, index): Interval[] => {
    const { told, input, begunMs, endedMs } = operation;
    const text = JSON.stringify(operation);
    const value = input as number;
    const take = (before: number): number | undefined => (before === 0 || before === value ? value : undefined);
    const conflict = (before: number): number | undefined => (before !== 0 && before !== value ? before : undefined);
    const interval = { client: callers.indexOf(operation.caller), invokedMs: begunMs, text };
    if (told?.ok === true) return [{ ...interval, answeredMs: endedMs as number, apply: take }];
    if (told?.code === 'KEY_CONFLICT') return [{ ...interval, answeredMs: endedMs as number, apply: conflict }];
    // Of what is uncertain, that one had its effect whose value is there. What was refused for now had none.
    if (!isUncertain(told) || value !== final) return [];
    return [{ ...interval, client: callers.length + 1 + index, answeredMs: Number.MAX_VALUE, apply: take }];
  });
  const atEnd: Interval = {
    client: callers.length,
    invokedMs: Number.MAX_VALUE,
    answeredMs: Number.MAX_VALUE,
    apply: (value) => (value === final ? value : undefined),
    text: `at the end: ${final}`,
  };
  return [...history, atEnd];
};

/** A step's recorded result is the same for ever: all that came after it saw the same. */
const checkSteps = (effects: Effects, violated: Violated): number => {
  let redone = 0;
  for (const [task, own] of effects) {
    const recorded: string[] = [];
    for (const { before } of own)
      for (const [step, token] of before.entries()) {
        recorded[step] ??= token;
        if (recorded[step] !== token)
          violated('one result a step', undefined, `${task}, step ${step}: ${recorded[step]} and ${token}`);
      }
    redone += own.length - new Set(own.map(({ step }) => step)).size;
  }
  return redone;
};
