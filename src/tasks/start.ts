/** How a task comes to be: by a client, or as the child of another task. */

import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { orderedKey } from '../values/ordered-key.ts';
import { mintedOfKey, mintTimeOfTaskId, taskKey } from '../values/task-id.ts';
import { firstGrant } from './first-grant.ts';
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { grantKind } from './messages.ts';
import {
  type DoneRow,
  doneTable,
  inputTable,
  keyTable,
  type ParentRef,
  rowKey,
  type SpecRow,
  type StateRow,
  specTable,
  stateTable,
  taskStatus,
  watcherTable,
} from './tables.ts';
import { aliveState, inlineInputChars, inputOf, newState } from './task-rows.ts';
import { addTimer, timerOfTask } from './timers.ts';

export type StartRequest = {
  readonly id: string;
  readonly name: string;
  readonly input: string;
  /** `grantKind`. */
  readonly kind: number;
  readonly policy: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly delayMs: number;
  readonly parent: ParentRef | undefined;
  /** The same start may have been sent before: it is not run if its task may have been here and been removed. */
  readonly repeatable: boolean;
};

/** Where the task stands after a start: as what it was made or found. */
export type Started = { readonly key: string; readonly done: DoneRow | undefined };

export const keyRowKey = (name: string, idempotencyKey: string): string => orderedKey([name, idempotencyKey]);

/**
 * Starts a task, or attaches to the one that has the same id (a repeated request) or the same idempotency key. Throws
 * `KEY_CONFLICT` if that one has another input, `REQUEST_EXPIRED` if it may have been removed, `OVERLOADED` if too many tasks
 * wait, `OPTION_INVALID` or `VALUE_MALFORMED` for an id, key or policy that cannot be; nothing is changed then.
 */
export const startTask = (leader: TaskLeader, tx: TaskTransaction, request: StartRequest): Started => {
  const key = taskKey(request.id);
  const keyRow = request.idempotencyKey === undefined ? undefined : checkedKeyRow(request.name, request.idempotencyKey);
  if (keyRow !== undefined) {
    const holder = tx.get(keyTable, keyRow);
    if (holder !== undefined) {
      const held = taskKey(holder.id);
      const spec = tx.get(specTable, held) ?? tx.get(doneTable, held)?.spec;
      if (spec !== undefined && inputOf(tx, held, spec) !== request.input)
        throw new TuttiError(
          'KEY_CONFLICT',
          `The key ${JSON.stringify(request.idempotencyKey)} of task ${request.name} belongs to ${holder.id}, which was started with another input. Use another key, or the same input.`,
          { details: { id: holder.id, key: request.idempotencyKey, task: request.name } },
        );
      if (spec !== undefined) return attach(tx, held, request.parent);
    }
  } else if (tx.get(specTable, key) !== undefined || tx.get(doneTable, key) !== undefined)
    return attach(tx, key, undefined);
  if (request.repeatable) refuseExpired(leader, tx, request.id);
  if (leader.alive >= leader.settings.queuedTasksMax && request.parent === undefined)
    throw new TuttiError(
      'OVERLOADED',
      `Partition ${leader.settings.partition} holds ${leader.alive} unfinished tasks, as many as it may. Try again later.`,
      {
        details: { retryMs: limits.overloadedRetryMs },
      },
    );
  const { priority } = leader.policy(request.policy);
  const long = request.input.length > inlineInputChars;
  const spec: SpecRow = {
    name: request.name,
    input: long ? undefined : request.input,
    kind: request.kind,
    policy: request.policy,
    idempotencyKey: request.idempotencyKey,
    createdAt: tx.time,
    parent: request.parent,
    priority,
    principal: undefined,
    namespace: undefined,
    traceId: undefined,
  };
  tx.put(specTable, key, spec);
  if (long) tx.put(inputTable, key, { text: request.input });
  if (keyRow !== undefined) tx.put(keyTable, keyRow, { id: request.id });
  leader.alive++;
  leader.changes++;
  if (request.kind === grantKind.task) countStart(leader, request);
  // Whoever runs it has to have its function.
  else leader.counters.of(request.name);
  if (request.delayMs > 0) {
    const dueAt = tx.time + request.delayMs;
    tx.put(stateTable, key, { ...newState, status: taskStatus.scheduled, dueAt });
    addTimer(leader, tx, { dueAt, taskKey: key, step: timerOfTask.scheduled });
    return { key, done: undefined };
  }
  const executor = executorAtOnce(leader, request.name);
  if (executor !== undefined) {
    tx.emit(firstGrant(leader, tx, executor, key, spec, newState));
    return { key, done: undefined };
  }
  // Chunks go ahead of new tasks: their parent waits for them.
  leader.queue.push(key, tx.writingAt, priority, request.kind === grantKind.chunk);
  return { key, done: undefined };
};

/**
 * A start whose task is not here, and was minted no later than one that retention has removed, may have run: it is not run again.
 * `details.timeMs` is the record time: with an id minted from it, one that was never sent before can be started.
 */
const refuseExpired = (leader: TaskLeader, tx: TaskTransaction, id: string): void => {
  const details = { id, timeMs: tx.time };
  if (mintedOfKey(taskKey(id)) <= leader.newestRemoved)
    throw new TuttiError(
      'REQUEST_EXPIRED',
      `Task ${id} is not here, but it is so old that it may have run and have been removed, so it was not started again.`,
      { details },
    );
  if (mintTimeOfTaskId(id) > tx.time + limits.mintedAheadMs)
    throw new TuttiError('OPTION_INVALID', `The id ${id} was minted in the future: look at the clock of the client.`, {
      details: { ...details, option: 'id' },
    });
};

const countStart = ({ counters }: TaskLeader, { name, delayMs }: StartRequest): void => {
  const of = counters.of(name);
  of.started++;
  of.alive++;
  if (delayMs > 0) of.scheduled++;
};

/** Nobody waits for an executor, and one wants work: the grant goes into the same record. */
const executorAtOnce = (leader: TaskLeader, name: string): number | undefined => {
  const { queue, aside, gaps } = leader;
  if (queue.length > 0 || (aside.length > 0 && aside.count(name) > 0)) return undefined;
  return leader.settings.takeExecutor?.(gaps.any ? name : undefined);
};

const checkedKeyRow = (name: string, idempotencyKey: string): string => {
  const row = keyRowKey(name, idempotencyKey);
  if (row.length <= limits.storeKeyBytesMax) return row;
  throw new TuttiError(
    'OPTION_INVALID',
    `The key of a task ${name.slice(0, 100)} is longer than ${limits.idempotencyKeyBytesMax} bytes.`,
    { details: { option: 'key' } },
  );
};

const attach = (tx: TaskTransaction, key: string, parent: ParentRef | undefined): Started => {
  const done = tx.get(doneTable, key);
  if (done === undefined && parent !== undefined) {
    const state = aliveState(tx, key) as StateRow;
    tx.put(watcherTable, rowKey(key, state.watchers), parent);
    tx.put(stateTable, key, { ...state, watchers: state.watchers + 1 });
  }
  return { key, done };
};
