/**
 * Whose fault it may be that a process ended. That is not known: suspected is every attempt that was granted, also one that
 * had not said that it began (what it said last may have got lost); but if one was under way that had to be the only suspect
 * (T-exclusive), that one with certainty. So a task that is merely unlucky gets its turn as the only one before its count is full
 * (scenario T3). Those beside it are counted all the same: the next one that ends its process would else go free for as long as
 * there is always such a one to blame.
 */
import { settleStep } from './child-outcome.ts';
import { dropCopy } from './copies.ts';
import { attemptLost, exclusiveFrom } from './grant.ts';
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { type StateRow, stateTable } from './tables.ts';

/** A task whose attempt is over. One that `waited` for a step was not running. */
export type Lost = { readonly key: string; readonly state: StateRow; readonly waited: boolean };

/** `what`: how the process that ran them ended; undefined if no task can be to blame. */
export const processEnded = (
  leader: TaskLeader,
  tx: TaskTransaction,
  lost: readonly Lost[],
  what: string | undefined,
): void => {
  const certain = lost.some(({ state, waited }) => !waited && state.crashes >= exclusiveFrom);
  for (const { key, state, waited } of lost) {
    if (what === undefined || waited) attemptLost(leader, tx, key, { kind: 'returned' });
    else attemptLost(leader, tx, key, { kind: 'crashed', what, certain: certain && state.crashes >= exclusiveFrom });
  }
};

/** All executors of a process are gone with it, or out of reach (`what` undefined). */
export const executorsLost = (
  leader: TaskLeader,
  tx: TaskTransaction,
  executors: ReadonlySet<number>,
  what: string | undefined,
): void => {
  const lost: Lost[] = [];
  for (const live of [...leader.live.values()]) {
    if (live.twin !== undefined && executors.has(live.twin.executor)) dropCopy(leader, tx, live, live.twin.n);
    if (!executors.has(live.executor)) continue;
    if (live.twin !== undefined) dropCopy(leader, tx, live, live.n);
    else
      lost.push({
        key: live.key,
        state: tx.get(stateTable, live.key) as StateRow,
        waited: live.pending !== undefined && live.pending.size > 0,
      });
  }
  processEnded(leader, tx, lost, what);
  settleStep(leader, tx);
};
