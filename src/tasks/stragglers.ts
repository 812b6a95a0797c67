/**
 * The last chunks of a map decide when it ends. When all its chunks are created and one takes more than twice as long as it
 * should, it is run a second time, by another executor that has nothing else to do; but only while it has journaled nothing
 * (scenario T6). The first result wins.
 *
 * The parent's leader knows when, and asks the leader of the chunk by a message; that one puts the chunk behind everything
 * else in its queue. `grant.ts` makes the copy, `copies.ts` says which of the two counts.
 */
import { limits } from '../limits.ts';
import { sendMessage } from '../partition/outbox.ts';
import { hashOfTaskId, partitionOfHash, taskKey } from '../values/task-id.ts';
import type { Live, LiveMap, TaskLeader, TaskTransaction } from './leader.ts';
import { grantKind } from './messages.ts';
import { chunkKey, chunkTable } from './tables.ts';
import { addTimer, timerOfTask } from './timers.ts';

const slowFactor = 2;
/** Behind every priority that a task can have. */
export const stragglerPriority = Number.NEGATIVE_INFINITY;

/** Once all chunks are created and something was measured: looks at the map again when its chunks should be through. */
export const watchStragglers = (leader: TaskLeader, tx: TaskTransaction, live: Live, map: LiveMap): void => {
  if (map.watched || map.row.cursor < map.row.count || map.itemMs === undefined) return;
  map.watched = true;
  addTimer(leader, tx, { dueAt: tx.time + slowFactor * expectedMs(map), taskKey: live.key, step: map.step });
};

const expectedMs = (map: LiveMap): number => Math.max(limits.chunkTargetMs, (map.itemMs ?? 0) * map.largest);

/** Asks for copies of the chunks of a map whose results are not there. */
export const hurryChunks = (leader: TaskLeader, tx: TaskTransaction, key: string, step: number): void => {
  const map = leader.live.get(key)?.maps?.get(step);
  if (map === undefined) return;
  const { partition, partitions } = leader.settings;
  let missing = map.row.chunks - map.row.chunksDone;
  for (let chunk = map.row.chunks - 1; chunk >= 0 && missing > 0; chunk--) {
    const row = tx.get(chunkTable, chunkKey(key, step, chunk));
    if (row === undefined || row.text !== undefined) continue;
    missing--;
    const peer = partitionOfHash(hashOfTaskId(row.childId), partitions);
    sendMessage(tx, partition, peer, ['hurry', row.childId, expectedMs(map)]);
  }
};

/** A copy of this chunk is wanted if it runs longer than it should; what is not running is left alone. */
export const hurryHere = (leader: TaskLeader, tx: TaskTransaction, id: string, shouldTakeMs: number): void => {
  const live = leader.live.get(taskKey(id));
  if (live === undefined || !mayBeCopied(live)) return;
  const dueAt = live.grantedAt + slowFactor * shouldTakeMs;
  if (dueAt > tx.time) addTimer(leader, tx, { dueAt, taskKey: live.key, step: timerOfTask.straggler });
  else queueCopy(leader, live.key);
};

export const queueCopy = (leader: TaskLeader, key: string): void => {
  const live = leader.live.get(key);
  if (live !== undefined && mayBeCopied(live)) leader.queue.push(key, 0, stragglerPriority, false);
};

/** It runs, has journaled nothing, and never ended an executor. */
export const mayBeCopied = (live: Live): boolean =>
  live.spec.kind === grantKind.chunk && live.executor >= 0 && live.twin === undefined && live.steps === 0 && !live.solo;
