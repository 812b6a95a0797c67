/**
 * The journal: what executors report of steps, and how results reach them. A step that waits has a row without a result; the
 * result is recorded once, in the order in which results come, and delivered after that record is durable.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { sendMessage } from '../partition/outbox.ts';
import { encodeError } from '../values/codec.ts';
import { hash16 } from '../values/hash.ts';
import { hashOfTaskId, mintTaskId, partitionOfHash, taskIdOfKey } from '../values/task-id.ts';
import type { Live, TaskLeader, TaskTransaction } from './leader.ts';
import { entryState, grantKind, toExecutor } from './messages.ts';
import { startTask } from './start.ts';
import { rowKey, type StateRow, type StepRow, stateTable, stepKind, stepTable, taskStatus } from './tables.ts';
import { addTimer } from './timers.ts';

const emptyStep = { dueAt: 0, target: '', outcome: entryState.pending, outcomeText: '', joins: 0 } as const;

/** `ctx.run` finished: its outcome is recorded and, once durable, confirmed. */
export const reportRun = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  fingerprint: string,
  ok: number,
  text: string,
  tookMs: number,
): void => {
  const index = live.steps++;
  tx.put(stepTable, rowKey(live.key, index), {
    ...emptyStep,
    stepKey,
    kind: stepKind.run,
    fingerprint,
    state: ok === 1 ? entryState.ok : entryState.failed,
    text,
    order: tx.sequence(),
    time: tx.time,
    tookMs,
  });
  leader.noteChange(live.key);
  // It got further than last time: what ended its thread before is behind it.
  const state = tx.get(stateTable, live.key) as StateRow;
  if (state.crashes > 0) tx.put(stateTable, live.key, { ...state, crashes: 0 });
  tellExecutor(leader, tx, live, stepKey, ok, text);
};

/** What is told again of a step that has its result: the executor gets that. False: it has none. */
export const tellRecorded = (leader: TaskLeader, tx: TaskTransaction, live: Live, stepKey: string): boolean => {
  for (let index = live.steps - 1; index >= 0; index--) {
    const step = tx.get(stepTable, rowKey(live.key, index)) as StepRow;
    if (step.stepKey !== stepKey || step.order === 0) continue;
    tellExecutor(leader, tx, live, stepKey, step.state === entryState.ok ? 1 : 0, step.text, step.time);
    return true;
  }
  return false;
};

/** Adds a step that waits for its result. */
export const addPending = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  kind: number,
  fingerprint: string,
  more: Partial<StepRow>,
): number => {
  const index = live.steps++;
  tx.put(stepTable, rowKey(live.key, index), {
    ...emptyStep,
    stepKey,
    kind,
    fingerprint,
    state: entryState.pending,
    text: '',
    order: 0,
    time: tx.time,
    tookMs: undefined,
    ...more,
  });
  live.pending ??= new Map();
  live.pending.set(stepKey, index);
  leader.noteWaiting(live);
  if (kind === stepKind.start) live.starts?.set(stepKey, index);
  leader.endExclusive(live);
  leader.noteChange(live.key);
  return index;
};

export const reportSleep = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  fingerprint: string,
  delayMs: number,
): void => {
  if (live.pending?.has(stepKey)) return;
  const dueAt = tx.time + delayMs;
  const step = addPending(leader, tx, live, stepKey, stepKind.sleep, fingerprint, { dueAt });
  addTimer(leader, tx, { dueAt, taskKey: live.key, step });
};

/** `ctx.call` and `ctx.start`: the child is created in this very record, here or by a message. */
export const reportChild = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  fingerprint: string,
  child: {
    readonly detached: boolean;
    readonly name: string;
    readonly input: string;
    readonly policy: string | undefined;
    readonly idempotencyKey: string | undefined;
  },
): void => {
  if (live.pending?.has(stepKey)) return;
  const random = leader.settings.randomBytes(16);
  const hash =
    child.idempotencyKey === undefined
      ? ((random[0] as number) << 8) | (random[1] as number)
      : hash16(JSON.stringify([child.name, child.idempotencyKey]));
  const id = mintTaskId(hash, tx.time, random);
  const index = addPending(leader, tx, live, stepKey, child.detached ? stepKind.start : stepKind.call, fingerprint, {
    target: id,
  });
  const detached = child.detached ? 1 : 0;
  createChild(leader, tx, id, {
    kind: grantKind.task,
    name: child.name,
    input: child.input,
    policy: child.policy,
    idempotencyKey: child.idempotencyKey,
    parentKey: live.key,
    step: index,
    chunk: -1,
    detached,
  });
  // The child exists if and only if this record does. With a key it may be another one, which its partition will say.
  if (child.detached && child.idempotencyKey === undefined) takeStarted(leader, tx, live.key, index, id);
};

/** The child of a `ctx.start` exists, as `id`. */
export const takeStarted = (
  leader: TaskLeader,
  tx: TaskTransaction,
  parentKey: string,
  index: number,
  id: string,
): void => {
  if (tx.get(stateTable, parentKey) === undefined) return;
  const step = tx.get(stepTable, rowKey(parentKey, index));
  if (step === undefined || step.kind !== stepKind.start || step.order !== 0) return;
  recordResult(leader, tx, parentKey, index, step, 1, JSON.stringify(id));
};

export type ChildSpec = {
  readonly kind: number;
  readonly name: string;
  readonly input: string;
  readonly policy: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly parentKey: string;
  readonly step: number;
  readonly chunk: number;
  /** 1: by `ctx.start`. */
  readonly detached: number;
};

/** Starts a child in the partition its id belongs to. */
export const createChild = (leader: TaskLeader, tx: TaskTransaction, id: string, child: ChildSpec): void => {
  const own = leader.settings.partition;
  const partition = partitionOfHash(hashOfTaskId(id), leader.settings.partitions);
  if (partition === own) startChildHere(leader, tx, own, id, child);
  else
    sendMessage(tx, own, partition, [
      'start',
      id,
      child.kind,
      child.name,
      child.input,
      child.policy,
      child.idempotencyKey,
      child.parentKey,
      child.step,
      child.chunk,
      child.detached,
    ]);
};

/** Starts (or attaches to) a child of a task in partition `from`. What cannot be started is the child's outcome. */
export const startChildHere = (
  leader: TaskLeader,
  tx: TaskTransaction,
  from: number,
  id: string,
  child: ChildSpec,
): void => {
  const parent = { partition: from, key: child.parentKey, step: child.step, chunk: child.chunk };
  let outcome: { readonly ok: number; readonly text: string } | undefined;
  try {
    const { key, done } = startTask(leader, tx, {
      id,
      name: child.name,
      input: child.input,
      kind: child.kind,
      policy: child.policy,
      idempotencyKey: child.idempotencyKey,
      delayMs: 0,
      parent,
      repeatable: false,
    });
    if (child.detached === 1 && child.idempotencyKey !== undefined) {
      const started = taskIdOfKey(key);
      if (from === leader.settings.partition) takeStarted(leader, tx, child.parentKey, child.step, started);
      else sendMessage(tx, leader.settings.partition, from, ['started', child.parentKey, child.step, started]);
    }
    if (done !== undefined) outcome = { ok: done.status === taskStatus.completed ? 1 : 0, text: done.text };
  } catch (error) {
    outcome = { ok: 0, text: encodeError(error) };
  }
  if (outcome === undefined) return;
  if (from === leader.settings.partition)
    leader.outcomes.push({ parent, ok: outcome.ok, text: outcome.text, runMs: 0 });
  else
    sendMessage(tx, leader.settings.partition, from, [
      'finished',
      child.parentKey,
      child.step,
      child.chunk,
      outcome.ok,
      outcome.text,
      0,
      id,
    ]);
};

/** `handle.result()` of a started child. */
export const reportJoin = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  fingerprint: string,
  startKey: string,
): void => {
  if (live.pending?.has(stepKey)) return;
  const at = startsOf(tx, live).get(startKey);
  const start = at === undefined ? undefined : tx.get(stepTable, rowKey(live.key, at));
  if (at === undefined || start === undefined)
    throw new TuttiError('INVARIANT', `Task ${live.id} joins ${startKey}, a child that it never started.`);
  const index = addPending(leader, tx, live, stepKey, stepKind.join, fingerprint, {
    target: startKey,
    joins: start.joins,
  });
  tx.put(stepTable, rowKey(live.key, at), { ...start, joins: index + 1 });
  if (start.outcome === entryState.pending) return;
  const row = tx.get(stepTable, rowKey(live.key, index)) as StepRow;
  recordResult(leader, tx, live.key, index, row, start.outcome === entryState.ok ? 1 : 0, start.outcomeText);
};

const startsOf = (tx: TaskTransaction, live: Live): Map<string, number> => {
  if (live.starts !== undefined) return live.starts;
  live.starts = new Map();
  for (let index = 0; index < live.steps; index++) {
    const step = tx.get(stepTable, rowKey(live.key, index)) as StepRow;
    if (step.kind === stepKind.start) live.starts.set(step.stepKey, index);
  }
  return live.starts;
};

/** Records the result of a waiting step and hands it on: to the executor, or by queueing the parked task. */
export const recordResult = (
  leader: TaskLeader,
  tx: TaskTransaction,
  key: string,
  index: number,
  step: StepRow,
  ok: number,
  text: string,
): void => {
  tx.put(stepTable, rowKey(key, index), {
    ...step,
    state: ok === 1 ? entryState.ok : entryState.failed,
    text,
    order: tx.sequence(),
    time: tx.time,
    tookMs: tx.time - step.time,
  });
  const live = leader.live.get(key);
  live?.pending?.delete(step.stepKey);
  leader.noteChange(key);
  if (live === undefined) return;
  leader.noteWaiting(live);
  if (live.executor >= 0) tellExecutor(leader, tx, live, step.stepKey, ok, text);
  else resumeIfParked(leader, tx, key);
};

const tellExecutor = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  ok: number,
  text: string,
  time: number = tx.time,
): void => {
  live.results++;
  tx.emit({
    kind: 'executor',
    executor: live.executor,
    flat: [toExecutor.stepResult, leader.settings.partition, live.epoch, live.n, stepKey, ok, text, time],
  });
};

/** A parked task whose step has its result goes back to the queue, ahead of new ones. */
export const resumeIfParked = (leader: TaskLeader, tx: TaskTransaction, key: string): void => {
  const live = leader.live.get(key);
  if (live === undefined || live.executor >= 0 || live.queued) return;
  const state = tx.get(stateTable, key) as StateRow;
  tx.put(stateTable, key, { ...state, status: taskStatus.queued });
  live.queued = true;
  leader.noteChange(key);
  leader.queue.push(key, tx.writingAt, 0, true);
};

/** A sleep is over. */
export const fireSleep = (leader: TaskLeader, tx: TaskTransaction, key: string, index: number): void => {
  if (tx.get(stateTable, key) === undefined) return;
  const step = tx.get(stepTable, rowKey(key, index));
  if (step === undefined || step.kind !== stepKind.sleep || step.order !== 0) return;
  recordResult(leader, tx, key, index, step, 1, undefinedText);
};

/** The JSON form of undefined. */
export const undefinedText = '{"$undefined":true}';
