/**
 * A canary: a task of the node's own, which goes the way of every other one (a record, a grant, an executor, a record) and leaves
 * nothing behind. It runs no user code and takes no slot, so it comes through where executors are busy and answer. It waits in no
 * queue: an executor gets it unasked, and if that one ends, the canary has failed. One that the code of a task keeps from answering owes
 * none (W5 of `cluster/health.ts`): then the canary is through without it, with its record, which still shows that the partition gets on.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { taskKey } from '../values/task-id.ts';
import { refuse } from './answers.ts';
import { finishTask } from './finish.ts';
import { firstGrant } from './first-grant.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { grantKind } from './messages.ts';
import { type SpecRow, type StateRow, specTable, stateTable, taskStatus } from './tables.ts';
import { newState } from './task-rows.ts';
import { addWaiter } from './waiters.ts';

/** Answered when the canary `id`, just minted, has ended. Refused with `OVERLOADED` where there is no executor. */
export const requestCanary = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void => {
  const any = leader.settings.anyExecutor?.();
  if (any === undefined) {
    refuse(
      tx,
      from,
      new TuttiError('OVERLOADED', 'There is no executor at present.', {
        details: { retryMs: limits.overloadedRetryMs },
      }),
    );
    return;
  }
  const key = taskKey(id);
  const spec: SpecRow = {
    name: '',
    input: '',
    kind: grantKind.canary,
    policy: undefined,
    idempotencyKey: undefined,
    createdAt: tx.time,
    parent: undefined,
    priority: 0,
    principal: undefined,
    namespace: undefined,
    traceId: undefined,
  };
  tx.put(specTable, key, spec);
  leader.alive++;
  addWaiter(leader, key, from);
  const grant = firstGrant(leader, tx, any.executor, key, spec, newState);
  if (any.kept) through(leader, tx, key);
  else tx.emit(grant);
};

/** The code of a task keeps this executor: what it was sent and has not answered is through. */
export const excuseCanaries = (leader: TaskLeader, tx: TaskTransaction, executor: number): void => {
  for (const live of leader.live.values())
    if (live.executor === executor && live.spec.kind === grantKind.canary) through(leader, tx, live.key);
};

const through = (leader: TaskLeader, tx: TaskTransaction, key: string): void => {
  const state = tx.get(stateTable, key) as StateRow;
  finishTask(leader, tx, key, state, { status: taskStatus.completed, text: 'null', tries: 1, runMs: 0 });
};
