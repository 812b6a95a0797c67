/** Starting a task, and waiting for its outcome. */
import { taskIdOfKey, taskKey } from '../values/task-id.ts';
import { notFound, refuse, reply, replyOutcome } from './answers.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { grantKind } from './messages.ts';
import { startTask } from './start.ts';
import { doneTable } from './tables.ts';
import { aliveState } from './task-rows.ts';
import { tooLarge } from './text-size.ts';
import { addWaiter } from './waiters.ts';

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
    readonly repeatable: boolean;
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
    else addWaiter(leader, key, from);
  } catch (error) {
    refuse(tx, from, error);
  }
};

export const requestWait = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void => {
  const key = taskKey(id);
  const done = tx.get(doneTable, key);
  if (done !== undefined) replyOutcome(tx, from, done);
  else if (aliveState(tx, key) === undefined) refuse(tx, from, notFound(id));
  else addWaiter(leader, key, from);
};
