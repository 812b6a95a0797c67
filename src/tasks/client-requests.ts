/** What clients ask of a partition. Every answer passes the gate, the refusals too (scenario P2). */
import { TuttiError } from '../errors/tutti-error.ts';
import {
  type ListFilter,
  type LogLine,
  type TaskStateName,
  type TaskStatus,
  taskStateNames,
} from '../protocol/task-view.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from '../values/codec.ts';
import { taskIdOfKey, taskKey } from '../values/task-id.ts';
import { cancelTask } from './finish.ts';
import { dropSteps } from './journal-rows.ts';
import type { Live, TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { entryState, grantKind, toClient } from './messages.ts';
import { startTask } from './start.ts';
import {
  type DoneRow,
  doneTable,
  logTable,
  rowKey,
  type SpecRow,
  type StateRow,
  type StepRow,
  specTable,
  stateTable,
  stepKind,
  stepTable,
  taskStatus,
  watcherTable,
} from './tables.ts';
import { aliveState, newState } from './task-rows.ts';
import { tooLarge } from './text-size.ts';

const listMax = 1000;

const reply = (tx: TaskTransaction, to: Waiter, ok: number, text: string): void =>
  tx.emit({ kind: 'client', client: to.client, flat: [toClient.reply, to.request, ok, text] });

export const refuse = (tx: TaskTransaction, to: Waiter, error: unknown): void => reply(tx, to, 0, encodeError(error));

const notFound = (id: string): TuttiError =>
  new TuttiError('TASK_NOT_FOUND', `There is no task ${id} here. It may have been removed after its retention time.`, {
    details: { id },
  });

export const requestStart = (
  leader: TaskLeader,
  tx: TaskTransaction,
  from: Waiter,
  request: {
    readonly id: string;
    readonly name: string;
    readonly input: string;
    readonly policy: string | undefined;
    readonly idempotencyKey: string | undefined;
    readonly delayMs: number;
    readonly wait: boolean;
  },
): void => {
  const refusal = tooLarge(request.input, 'The input of a task');
  if (refusal !== undefined) {
    reply(tx, from, 0, refusal);
    return;
  }
  try {
    const { key, done } = startTask(leader, tx, { ...request, kind: grantKind.task, parent: undefined });
    if (!request.wait) reply(tx, from, 1, JSON.stringify(taskIdOfKey(key)));
    else if (done !== undefined) replyOutcome(tx, from, done);
    else addWaiter(leader.waiters, key, from);
  } catch (error) {
    refuse(tx, from, error);
  }
};

const replyOutcome = (tx: TaskTransaction, to: Waiter, done: DoneRow): void =>
  reply(tx, to, done.status === taskStatus.completed ? 1 : 0, done.text);

const addWaiter = (waiters: Map<string, Waiter[]>, key: string, waiter: Waiter): void => {
  const those = waiters.get(key);
  if (those === undefined) waiters.set(key, [waiter]);
  else those.push(waiter);
};

export const requestWait = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void => {
  const key = taskKey(id);
  const done = tx.get(doneTable, key);
  if (done !== undefined) replyOutcome(tx, from, done);
  else if (aliveState(tx, key) === undefined) refuse(tx, from, notFound(id));
  else addWaiter(leader.waiters, key, from);
};

export const requestStatus = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void =>
  reply(tx, from, 1, encodeValue(statusOf(leader, tx, taskKey(id))));

export const requestCancel = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void => {
  const key = taskKey(id);
  const state = aliveState(tx, key);
  if (state === undefined) {
    const done = tx.get(doneTable, key);
    if (done?.status === taskStatus.cancelled) reply(tx, from, 1, encodeValue(undefined));
    else if (done === undefined) refuse(tx, from, notFound(id));
    else
      refuse(
        tx,
        from,
        new TuttiError(
          'TASK_STATE',
          `Task ${id} has already ${taskStateNames[done.status]}; only an unfinished task can be cancelled.`,
          { details: { id, state: taskStateNames[done.status] } },
        ),
      );
    return;
  }
  cancelTask(leader, tx, key, state, 'on request');
  reply(tx, from, 1, encodeValue(undefined));
};

/**
 * A failed or cancelled task runs again, with all its attempts. Of its journal stays what was recorded before the first
 * failed step: that much is certain to fit what the code does next. Children that failed, or were cancelled with it, are
 * started again.
 */
export const requestRetry = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void => {
  const key = taskKey(id);
  const done = tx.get(doneTable, key);
  if (done === undefined || done.status === taskStatus.completed) {
    if (done === undefined && aliveState(tx, key) === undefined) refuse(tx, from, notFound(id));
    else
      refuse(
        tx,
        from,
        new TuttiError(
          'TASK_STATE',
          `Task ${id} ${done === undefined ? 'has not ended' : 'has completed'}; only a failed or cancelled task can be retried.`,
          { details: { id, state: done === undefined ? 'alive' : 'completed' } },
        ),
      );
    return;
  }
  keepGoodSteps(tx, key);
  tx.delete(doneTable, key);
  tx.put(specTable, key, done.spec);
  let watchers = 0;
  while (tx.get(watcherTable, rowKey(key, watchers)) !== undefined) watchers++;
  // n is not 0, so that the journal is read at the grant and the grant passes the gate.
  tx.put(stateTable, key, {
    status: taskStatus.queued,
    tries: 0,
    crashes: 0,
    epoch: 0,
    n: -1,
    dueAt: 0,
    startedAt: done.startedAt,
    watchers,
  });
  leader.alive++;
  leader.finishedStale++;
  leader.queue.push(key, tx.writingAt, done.spec.priority, false);
  reply(tx, from, 1, encodeValue(undefined));
};

const keepGoodSteps = (tx: TaskTransaction, key: string): void => {
  const steps: (readonly [index: number, step: StepRow])[] = [];
  for (
    let step = tx.get(stepTable, rowKey(key, 0));
    step !== undefined;
    step = tx.get(stepTable, rowKey(key, steps.length))
  )
    steps.push([steps.length, step]);
  const failures = steps.filter(([, step]) => step.state === entryState.failed).map(([, step]) => step.order);
  const firstFailure = Math.min(...failures, Number.POSITIVE_INFINITY);
  // Rows keep their index only as a prefix; what comes after the first one that goes is done again.
  const keep = steps.findIndex(
    ([, step]) =>
      step.order === 0 ||
      step.order >= firstFailure ||
      (step.kind === stepKind.start && step.outcome !== entryState.ok),
  );
  if (keep < 0) return;
  dropSteps(tx, key, keep);
  for (const [index, step] of steps.slice(0, keep)) {
    let { joins } = step;
    while (joins > keep) joins = steps[joins - 1]?.[1].joins ?? 0;
    if (joins !== step.joins) tx.put(stepTable, rowKey(key, index), { ...step, joins });
  }
};

export const requestLogs = (tx: TaskTransaction, from: Waiter, id: string): void => {
  const key = taskKey(id);
  if (tx.get(specTable, key) === undefined && tx.get(doneTable, key) === undefined) {
    refuse(tx, from, notFound(id));
    return;
  }
  const lines: LogLine[] = [];
  for (
    let row = tx.get(logTable, rowKey(key, 0));
    row !== undefined;
    row = tx.get(logTable, rowKey(key, lines.length))
  ) {
    const { message, fields } = decodeValue(row.text) as { readonly message: string; readonly fields: unknown };
    lines.push({ time: new Date(row.time), level: row.level, message, fields, attempt: row.tries + 1 });
  }
  reply(tx, from, 1, encodeValue(lines));
};

export const requestFollow = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string, on: boolean): void => {
  const key = taskKey(id);
  if (on && aliveState(tx, key) !== undefined) {
    addWaiter(leader.followers, key, from);
    const progress = leader.progress.get(key);
    if (progress !== undefined)
      tx.emit({
        kind: 'client',
        client: from.client,
        flat: [toClient.event, from.request, JSON.stringify({ type: 'progress', ...progress })],
      });
  } else if (!on) {
    const left =
      leader.followers.get(key)?.filter((waiter) => waiter.client !== from.client || waiter.request !== from.request) ??
      [];
    if (left.length === 0) leader.followers.delete(key);
    else leader.followers.set(key, left);
  }
};

/** The newest that the filter (encoded) lets through, newest first. */
export const requestList = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, filterText: string): void => {
  let filter: ListFilter;
  try {
    filter = (decodeValue(filterText) ?? {}) as ListFilter;
  } catch (error) {
    refuse(tx, from, error);
    return;
  }
  const keys: string[] = [];
  const finished = filter.state === undefined ? undefined : finishedStates.has(filter.state);
  const { idPrefix = '' } = filter;
  for (const table of [specTable, doneTable]) {
    if (finished !== undefined && finished !== (table === doneTable)) continue;
    for (const [key] of tx.scan<unknown>(table)) if (taskIdOfKey(key).startsWith(idPrefix)) keys.push(key);
  }
  // A key begins with the time: what is asked of the rows ends with the last one that is shown.
  keys.sort();
  const limit = filter.limit ?? listMax;
  const found: TaskStatus[] = [];
  for (let key = keys.pop(); key !== undefined && found.length < limit; key = keys.pop()) {
    const status = statusOf(leader, tx, key);
    if (status !== undefined && passes(status, filter)) found.push(status);
  }
  found.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1));
  reply(tx, from, 1, encodeValue(found));
};

const finishedStates: ReadonlySet<string> = new Set(['finished', 'completed', 'failed', 'cancelled']);

const passes = (status: TaskStatus, { state, name, key, topLevel }: ListFilter): boolean =>
  (state === undefined || state === 'unfinished' || state === 'finished' || status.state === state) &&
  (name === undefined || status.name === name) &&
  (key === undefined || status.key === key) &&
  (topLevel !== true || status.parent === undefined);

/** A client is gone: nobody is told what it waited for. */
export const forgetClient = (leader: TaskLeader, client: number): void => {
  for (const waiting of [leader.waiters, leader.followers])
    for (const [key, waiters] of waiting) {
      const left = waiters.filter((waiter) => waiter.client !== client);
      if (left.length === 0) waiting.delete(key);
      else if (left.length < waiters.length) waiting.set(key, left);
    }
};

/** The status of a task; undefined for one that is not here, and for chunks, which are their map's affair. */
const statusOf = (leader: TaskLeader, tx: TaskTransaction, key: string): TaskStatus | undefined => {
  const done = tx.get(doneTable, key);
  if (done !== undefined) return doneStatus(tx, key, done);
  const spec = tx.get(specTable, key);
  if (spec === undefined || spec.kind === grantKind.chunk) return undefined;
  return aliveStatus(leader, tx, key, spec, tx.get(stateTable, key) ?? newState);
};

const common = (key: string, spec: SpecRow) => ({
  id: taskIdOfKey(key),
  name: spec.name,
  key: spec.idempotencyKey,
  createdAt: new Date(spec.createdAt),
  parent: spec.parent === undefined ? undefined : taskIdOfKey(spec.parent.key),
});

const aliveStatus = (
  leader: TaskLeader,
  tx: TaskTransaction,
  key: string,
  spec: SpecRow,
  state: StateRow,
): TaskStatus => {
  const live: Live | undefined = leader.live.get(key);
  const waits = state.status === taskStatus.running && live?.pending !== undefined && live.pending.size > 0;
  return {
    ...common(key, spec),
    state: waits ? 'waiting' : (taskStateNames[state.status] as TaskStateName),
    startedAt: state.startedAt === 0 ? undefined : new Date(state.startedAt),
    finishedAt: undefined,
    attempts: state.tries + (state.status === taskStatus.running ? 1 : 0),
    steps: live?.steps ?? (state.n === 0 ? 0 : countSteps(tx, key)),
    progress: leader.progress.get(key),
    error: undefined,
  };
};

const doneStatus = (tx: TaskTransaction, key: string, done: DoneRow): TaskStatus => ({
  ...common(key, done.spec),
  state: taskStateNames[done.status] as TaskStateName,
  startedAt: done.startedAt === 0 ? undefined : new Date(done.startedAt),
  finishedAt: new Date(done.finishedAt),
  attempts: done.tries,
  steps: done.journal === 1 ? countSteps(tx, key) : 0,
  progress: undefined,
  error: done.status === taskStatus.completed ? undefined : decodeError(done.text),
});

const countSteps = (tx: TaskTransaction, key: string): number => {
  let count = 0;
  while (tx.get(stepTable, rowKey(key, count)) !== undefined) count++;
  return count;
};
