/**
 * A canary: a task of the node's own, which goes the way of every other one (a record, a grant, an executor, a record) and leaves
 * nothing behind. It runs no user code and takes no slot, so it comes through where executors are busy and answer. It waits in no
 * queue: an executor gets it unasked, and if that one ends, the canary has failed.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { taskKey } from '../values/task-id.ts';
import { refuse } from './answers.ts';
import { firstGrant } from './first-grant.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { grantKind } from './messages.ts';
import { type SpecRow, specTable } from './tables.ts';
import { newState } from './task-rows.ts';
import { addWaiter } from './waiters.ts';

/** Answered when the canary `id`, just minted, has ended. Refused with `OVERLOADED` where there is no executor. */
export const requestCanary = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void => {
  const executor = leader.settings.anyExecutor?.();
  if (executor === undefined) {
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
  tx.emit(firstGrant(leader, tx, executor, key, spec, newState));
};
