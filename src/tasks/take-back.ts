/**
 * What an executor that does not answer has not begun is given to others. Its attempts no longer count, so whatever it may
 * still do with them changes nothing; it is told, so that it need not.
 */
import { tellChanges } from './followers.ts';
import { attemptLost } from './grant.ts';
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { grantKind, toExecutor } from './messages.ts';

/** `running`: the attempt that keeps the executor from answering. Returns how many tasks were taken back. */
export const takeBackUnstarted = (
  leader: TaskLeader,
  tx: TaskTransaction,
  executor: number,
  running: { readonly epoch: number; readonly n: number } | undefined,
): number => {
  let count = 0;
  for (const live of [...leader.live.values()]) {
    // A canary is for this very one, which may yet answer it.
    if (live.executor !== executor || live.started || live.spec.kind === grantKind.canary) continue;
    if (running !== undefined && live.epoch === running.epoch && live.n === running.n) continue;
    tx.emit({
      kind: 'executor',
      executor,
      flat: [toExecutor.cancel, leader.settings.partition, live.epoch, live.n, 'it was given to another executor'],
    });
    attemptLost(leader, tx, live.key, { kind: 'returned' });
    count++;
  }
  tellChanges(leader, tx);
  return count;
};
