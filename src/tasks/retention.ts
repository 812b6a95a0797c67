/**
 * Finished tasks are kept for a time and up to a number, those without an idempotency key leaving first. The order of
 * finishing is kept in memory and made again by a new leader. Removal goes in small steps between other work. Of the tasks that
 * clients started it is remembered how new the newest was that went: a start that is repeated later is not run again
 * (`start.ts`).
 */
import { mintedOfKey } from '../values/task-id.ts';
import { dropTask } from './journal-rows.ts';
import type { Finished, TaskLeader, TaskTransaction } from './leader.ts';
import { removedTable } from './removed-table.ts';
import { type DoneRow, doneTable, taskStatus } from './tables.ts';

export const rememberFinished = (leader: TaskLeader, key: string, done: DoneRow): void => {
  const { finishedAt, spec } = done;
  const withKey = spec.idempotencyKey !== undefined;
  // What has completed is never made alive again.
  const bare = done.status === taskStatus.completed && done.journal === 0 && !withKey && spec.input !== undefined;
  (withKey ? leader.finishedWithKey : leader.finished).push({ key, finishedAt, bare, own: spec.parent === undefined });
};

/** Finished tasks that are kept now. */
export const finishedCount = (leader: TaskLeader): number =>
  leader.finished.length -
  leader.finishedHead +
  leader.finishedWithKey.length -
  leader.finishedWithKeyHead -
  leader.finishedStale;

/** Removes at most `most` tasks that need not be kept. Returns how many it removed. */
export const removeExpired = (leader: TaskLeader, tx: TaskTransaction, most: number): number => {
  const { retentionMs, retentionTasks } = leader.settings;
  let removed = 0;
  const { newestRemoved } = leader;
  // Until all finished tasks are known, which are the oldest is not.
  if (leader.finishedMeanwhile !== undefined) return 0;
  while (removed < most) {
    const plain = leader.finished[leader.finishedHead];
    const keyed = leader.finishedWithKey[leader.finishedWithKeyHead];
    const crowded = finishedCount(leader) > retentionTasks;
    if (plain !== undefined && (crowded || plain.finishedAt + retentionMs <= tx.time)) {
      leader.finishedHead++;
      remove(leader, tx, plain);
    } else if (keyed !== undefined && ((crowded && plain === undefined) || keyed.finishedAt + retentionMs <= tx.time)) {
      leader.finishedWithKeyHead++;
      remove(leader, tx, keyed);
    } else break;
    removed++;
    leader.changes++;
  }
  if (leader.newestRemoved !== newestRemoved) tx.put(removedTable, '', { newest: leader.newestRemoved });
  if (leader.finishedHead > 4096 && leader.finishedHead * 2 > leader.finished.length) {
    leader.finished = leader.finished.slice(leader.finishedHead);
    leader.finishedHead = 0;
  }
  if (leader.finishedWithKeyHead > 4096 && leader.finishedWithKeyHead * 2 > leader.finishedWithKey.length) {
    leader.finishedWithKey = leader.finishedWithKey.slice(leader.finishedWithKeyHead);
    leader.finishedWithKeyHead = 0;
  }
  return removed;
};

/** `retry` may have made it alive again, or it may have finished again later: then it stays. */
const remove = (leader: TaskLeader, tx: TaskTransaction, entry: Finished): void => {
  if (entry.bare) tx.delete(doneTable, entry.key);
  else {
    const done = tx.get(doneTable, entry.key);
    if (done === undefined || done.finishedAt !== entry.finishedAt) {
      leader.finishedStale--;
      return;
    }
    dropTask(tx, entry.key, done);
  }
  const minted = mintedOfKey(entry.key);
  if (entry.own && minted > leader.newestRemoved) leader.newestRemoved = minted;
};
