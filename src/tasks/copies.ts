/**
 * A chunk that runs twice at once, because the first executor is slow (`stragglers.ts`): two attempts of one task, both valid
 * until one of them has a result or journals something; that one is then the only attempt (scenario T6). The row of the task
 * names the attempt that is `live.n`; the other is known to this leader alone and does not outlive it.
 */
import type { Live, TaskLeader, TaskTransaction } from './leader.ts';
import { toExecutor } from './messages.ts';
import { type StateRow, stateTable } from './tables.ts';

/** Makes attempt `n` the only one; the other is told to stop. */
export const keepOnly = (leader: TaskLeader, tx: TaskTransaction, live: Live, n: number): void => {
  const { twin } = live;
  if (twin === undefined) return;
  const ended = n === twin.n ? { n: live.n, epoch: live.epoch, executor: live.executor } : twin;
  tellToStop(leader, tx, ended, 'another copy of it was faster');
  dropCopy(leader, tx, live, ended.n);
};

/** Attempt `n` is over; the other is the only one now. */
export const dropCopy = (leader: TaskLeader, tx: TaskTransaction, live: Live, n: number): void => {
  const { twin } = live;
  if (twin === undefined) return;
  live.twin = undefined;
  leader.byAttempt.delete(n);
  if (n === twin.n) return;
  live.n = twin.n;
  live.epoch = twin.epoch;
  live.executor = twin.executor;
  live.started = twin.started;
  // In the same record as what it journals: a later leader must not take the other one for it.
  const state = tx.get(stateTable, live.key) as StateRow;
  tx.put(stateTable, live.key, { ...state, epoch: live.epoch, n: live.n });
};

/** Tells whoever runs a task to stop. */
export const stopAll = (leader: TaskLeader, tx: TaskTransaction, live: Live, reason: string): void => {
  if (live.executor >= 0) tellToStop(leader, tx, live, reason);
  if (live.twin !== undefined) tellToStop(leader, tx, live.twin, reason);
};

const tellToStop = (
  leader: TaskLeader,
  tx: TaskTransaction,
  copy: { readonly epoch: number; readonly n: number; readonly executor: number },
  reason: string,
): void =>
  tx.emit({
    kind: 'executor',
    executor: copy.executor,
    flat: [toExecutor.cancel, leader.settings.partition, copy.epoch, copy.n, reason],
  });
