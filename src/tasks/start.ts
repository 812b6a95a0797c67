/** How a task comes to be: by a client, or as the child of another task. */

import { decodePolicy } from '../app/policy.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { orderedKey } from '../values/ordered-key.ts';
import { taskIdOfKey, taskKey } from '../values/task-id.ts';
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { grantKind } from './messages.ts';
import {
  type DoneRow,
  doneTable,
  keyTable,
  type ParentRef,
  rowKey,
  type StateRow,
  specTable,
  stateTable,
  taskStatus,
  watcherTable,
} from './tables.ts';

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
};

/** Where the task stands after a start: as what it was made or found. */
export type Started = { readonly key: string; readonly done: DoneRow | undefined };

export const keyRowKey = (name: string, idempotencyKey: string): string => orderedKey([name, idempotencyKey]);

/**
 * Starts a task, or attaches to the one that has the same id (a repeated request) or the same idempotency key. Throws
 * `KEY_CONFLICT` if that one has another input, `OVERLOADED` if too many tasks wait; nothing is changed then.
 */
export const startTask = (leader: TaskLeader, tx: TaskTransaction, request: StartRequest): Started => {
  let key = taskKey(request.id);
  if (request.idempotencyKey !== undefined) {
    const holder = tx.get(keyTable, keyRowKey(request.name, request.idempotencyKey));
    if (holder !== undefined) {
      key = taskKey(holder.id);
      const spec = tx.get(specTable, key);
      if (spec !== undefined && spec.input !== request.input)
        throw new TuttiError(
          'KEY_CONFLICT',
          `The key ${JSON.stringify(request.idempotencyKey)} of task ${request.name} belongs to ${holder.id}, which was started with another input. Use another key, or the same input.`,
          { details: { id: holder.id, key: request.idempotencyKey, task: request.name } },
        );
      if (spec !== undefined) return attach(tx, key, request.parent);
    }
  } else if (leader.live.has(key) || tx.get(specTable, key) !== undefined) return attach(tx, key, undefined);
  if (leader.alive >= leader.settings.queuedTasksMax && request.parent === undefined)
    throw new TuttiError(
      'OVERLOADED',
      `Partition ${leader.settings.partition} holds ${leader.alive} unfinished tasks, as many as it may. Try again later.`,
      {
        details: { retryMs: limits.overloadedRetryMs },
      },
    );
  const priority = request.policy === undefined ? 0 : decodePolicy(request.policy).priority;
  tx.put(specTable, key, {
    name: request.name,
    input: request.input,
    kind: request.kind,
    policy: request.policy,
    idempotencyKey: request.idempotencyKey,
    createdAt: tx.time,
    parent: request.parent,
    priority,
    principal: undefined,
    namespace: undefined,
    traceId: undefined,
  });
  if (request.idempotencyKey !== undefined)
    tx.put(keyTable, keyRowKey(request.name, request.idempotencyKey), { id: taskIdOfKey(key) });
  leader.alive++;
  if (request.delayMs > 0) {
    const dueAt = tx.time + request.delayMs;
    tx.put(stateTable, key, { ...newState, status: taskStatus.scheduled, dueAt });
    leader.timers.push({ dueAt, taskKey: key, step: -1 });
  } else {
    tx.put(stateTable, key, newState);
    // Chunks go ahead of new tasks: their parent waits for them.
    leader.queue.push(key, tx.writingAt, priority, request.kind === grantKind.chunk);
  }
  return { key, done: undefined };
};

const newState: StateRow = {
  status: taskStatus.queued,
  tries: 0,
  crashes: 0,
  epoch: 0,
  n: 0,
  dueAt: 0,
  startedAt: 0,
  watchers: 0,
};

const attach = (tx: TaskTransaction, key: string, parent: ParentRef | undefined): Started => {
  const done = tx.get(doneTable, key);
  if (done === undefined && parent !== undefined) {
    const state = tx.get(stateTable, key) as StateRow;
    tx.put(watcherTable, rowKey(key, state.watchers), parent);
    tx.put(stateTable, key, { ...state, watchers: state.watchers + 1 });
  }
  return { key, done };
};
