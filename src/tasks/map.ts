/**
 * `ctx.map`: the leader's side. The executor of the parent holds the items and hands them over in chunks as the leader asks;
 * the parent's rows are a cursor and counters, and one row a chunk. The border of a chunk and the message that creates it
 * are one record (scenario T6): after a crash the next chunk begins at the cursor, whatever was measured meanwhile.
 *
 * Sizes: the first chunks have one item; then a chunk is to take `limits.chunkTargetMs`, its results are to fit into
 * `limits.chunkTextCharsMax`, it grows at most eightfold at a time, and towards the end shrinks so that all executors finish together (guided self-scheduling, Polychronopoulos and Kuck 1987).
 */
import { limits } from '../limits.ts';
import { mintTaskId } from '../values/task-id.ts';
import { cancelChunks } from './finish.ts';
import { tellProgress } from './followers.ts';
import type { Live, LiveMap, TaskLeader, TaskTransaction } from './leader.ts';
import { addHeat } from './map-heat.ts';
import { grantKind, toExecutor } from './messages.ts';
import { addPending, createChild, recordResult, resumeIfParked } from './steps.ts';
import { watchStragglers } from './stragglers.ts';
import {
  type ChunkRow,
  chunkKey,
  chunkTable,
  type MapRow,
  mapTable,
  rowKey,
  type StepRow,
  stepKind,
  stepTable,
} from './tables.ts';

const growthMax = 8;
const chunksPerExecutor = 3;

/** `ctx.map` begins, or (after a new grant) goes on where its rows say. */
export const reportMapOpen = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  fingerprint: string,
  map: Pick<MapRow, 'name' | 'count' | 'policy' | 'collect' | 'concurrency'>,
): void => {
  let step = live.pending?.get(stepKey);
  // Its last chunk came while the attempt was on its way to open it again: the result has been sent after it.
  if (step === undefined && live.reopens?.has(stepKey) === true) return;
  if (step === undefined) {
    step = addPending(leader, tx, live, stepKey, stepKind.map, fingerprint, {});
    tx.put(mapTable, rowKey(live.key, step), { ...map, cursor: 0, chunks: 0, chunksDone: 0, itemsDone: 0 });
    if (map.count === 0) {
      const row = tx.get(stepTable, rowKey(live.key, step)) as StepRow;
      recordResult(leader, tx, live.key, step, row, 1, '');
      return;
    }
  } else if (live.maps?.has(step) === true) return;
  const row = tx.get(mapTable, rowKey(live.key, step)) as MapRow;
  const liveMap: LiveMap = {
    step,
    stepKey,
    row,
    askedTo: row.cursor,
    askedChunks: 0,
    itemMs: undefined,
    itemChars: 0,
    largest: 1,
    watched: false,
  };
  live.maps ??= new Map();
  live.maps.set(step, liveMap);
  leader.progress.set(live.key, { done: row.itemsDone, total: row.count, message: undefined });
  tellProgress(leader, tx, live.key);
  askForChunks(leader, tx, live, liveMap);
};

/** Sends the results of a map's chunks that are there: to an attempt that begins. */
export const resendChunks = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  step: number,
  stepKey: string,
): void => {
  const row = tx.get(mapTable, rowKey(live.key, step));
  if (row === undefined) return;
  for (let chunk = 0; chunk < row.chunks; chunk++) {
    const { from, to, text } = tx.get(chunkTable, chunkKey(live.key, step, chunk)) as ChunkRow;
    if (text !== undefined) tellChunk(leader, tx, live, stepKey, from, to, text);
  }
};

/** The executor hands over the items of the next chunk. */
export const reportMapChunk = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  from: number,
  to: number,
  items: string,
): void => {
  const step = live.pending?.get(stepKey);
  const map = step === undefined ? undefined : live.maps?.get(step);
  if (map === undefined || from !== map.row.cursor || to <= from || to > map.row.count) return;
  const random = leader.settings.randomBytes(16);
  const childId = mintTaskId(((random[0] as number) << 8) | (random[1] as number), tx.time, random);
  const chunk = map.row.chunks;
  map.row = { ...map.row, cursor: to, chunks: chunk + 1 };
  map.askedChunks = Math.max(0, map.askedChunks - 1);
  // What the executor cut shorter than asked (a chunk has a size limit in characters) is asked for again.
  if (map.askedChunks === 0) map.askedTo = to;
  tx.put(mapTable, rowKey(live.key, map.step), map.row);
  tx.put(chunkTable, chunkKey(live.key, map.step, chunk), { from, to, childId, text: undefined });
  createChild(leader, tx, childId, {
    kind: grantKind.chunk,
    name: map.row.name,
    input: `{"from":${from},"collect":${map.row.collect},"items":${items}}`,
    policy: map.row.policy,
    idempotencyKey: undefined,
    parentKey: live.key,
    step: map.step,
    chunk,
    detached: 0,
  });
  askForChunks(leader, tx, live, map);
};

/** The items that it hands over cannot be recorded: the map fails. */
export const refuseMap = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  errorText: string,
): void => {
  const index = live.pending?.get(stepKey);
  const step = index === undefined ? undefined : tx.get(stepTable, rowKey(live.key, index));
  if (index !== undefined && step !== undefined) failMap(leader, tx, live.key, index, step, errorText);
};

/** A chunk has ended. */
export const takeChunkOutcome = (
  leader: TaskLeader,
  tx: TaskTransaction,
  key: string,
  stepIndex: number,
  chunk: number,
  ok: number,
  text: string,
  runMs: number,
): void => {
  const step = tx.get(stepTable, rowKey(key, stepIndex));
  const row = tx.get(chunkTable, chunkKey(key, stepIndex, chunk));
  if (step === undefined || step.order !== 0 || row === undefined || row.text !== undefined) return;
  const live = leader.live.get(key);
  const liveMap = live?.maps?.get(stepIndex);
  const before = liveMap?.row ?? (tx.get(mapTable, rowKey(key, stepIndex)) as MapRow);
  const items = row.to - row.from;
  if (ok === 0 && before.collect === 0) {
    failMap(leader, tx, key, stepIndex, step, text);
    return;
  }
  // A chunk fails as a whole only for what is not its items' doing (it crashed): where errors are collected, it is theirs all the same.
  const outcomes = ok === 1 ? text : failedItems(text, items);
  const map = { ...before, chunksDone: before.chunksDone + 1, itemsDone: before.itemsDone + items };
  tx.put(chunkTable, chunkKey(key, stepIndex, chunk), { ...row, text: outcomes });
  tx.put(mapTable, rowKey(key, stepIndex), map);
  leader.counters.of(map.name).items += items;
  addHeat(tx, key, stepIndex, map.count, row.from, row.to, runMs);
  leader.progress.set(key, { done: map.itemsDone, total: map.count, message: undefined });
  tellProgress(leader, tx, key);
  if (live !== undefined && live.executor >= 0) tellChunk(leader, tx, live, step.stepKey, row.from, row.to, outcomes);
  if (liveMap !== undefined) measure(liveMap, map, items, ok === 1 ? runMs : undefined, outcomes.length);
  if (map.itemsDone >= map.count) {
    live?.maps?.delete(stepIndex);
    recordResult(leader, tx, key, stepIndex, step, 1, '');
  } else if (live !== undefined && live.executor >= 0 && liveMap !== undefined) askForChunks(leader, tx, live, liveMap);
  // Only the parent's executor has the items: a parked parent comes back to hand over more.
  else if (map.cursor < map.count) resumeIfParked(leader, tx, key);
};

/** The map has failed: whatever of it still runs is of no use. */
export const failMap = (
  leader: TaskLeader,
  tx: TaskTransaction,
  key: string,
  stepIndex: number,
  step: StepRow,
  text: string,
): void => {
  leader.live.get(key)?.maps?.delete(stepIndex);
  recordResult(leader, tx, key, stepIndex, step, 0, text);
  cancelChunks(leader, tx, key, stepIndex);
};

const failedItems = (errorText: string, items: number): string =>
  `[${new Array<string>(items).fill(`{"$failed":${errorText}}`).join(',')}]`;

const measure = (live: LiveMap, row: MapRow, items: number, runMs: number | undefined, chars: number): void => {
  live.row = row;
  live.itemChars = live.itemChars * 0.7 + (chars / items) * 0.3;
  if (runMs === undefined) return;
  const itemMs = runMs / items;
  live.itemMs = live.itemMs === undefined ? itemMs : live.itemMs * 0.7 + itemMs * 0.3;
};

const tellChunk = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  stepKey: string,
  from: number,
  to: number,
  text: string,
): void => {
  tx.emit({
    kind: 'executor',
    executor: live.executor,
    flat: [toExecutor.mapResult, leader.settings.partition, live.epoch, live.n, stepKey, from, to, text, tx.time],
  });
};

/** Asks for as many chunks as keep the executors busy. */
const askForChunks = (leader: TaskLeader, tx: TaskTransaction, live: Live, map: LiveMap): void => {
  const executors = leader.settings.executors(leader.gaps.any ? map.row.name : undefined);
  const most =
    map.row.concurrency > 0
      ? Math.min(map.row.concurrency, executors * chunksPerExecutor)
      : executors * chunksPerExecutor;
  const sizes: number[] = [];
  const from = map.askedTo;
  const underWay = map.row.chunks - map.row.chunksDone + map.askedChunks;
  while (underWay + sizes.length < most && map.askedTo < map.row.count) {
    const size = chunkSize(map.row.count - map.askedTo, map, most);
    sizes.push(size);
    map.askedTo += size;
  }
  for (const size of sizes) map.largest = Math.max(map.largest, size);
  map.askedChunks += sizes.length;
  watchStragglers(leader, tx, live, map);
  if (sizes.length > 0)
    tx.emit({
      kind: 'executor',
      executor: live.executor,
      flat: [toExecutor.mapWant, leader.settings.partition, live.epoch, live.n, map.stepKey, from, sizes],
    });
};

/** Items of the next chunk. Pure, so that a test can state what it does. */
export const chunkSize = (
  remaining: number,
  measured: Pick<LiveMap, 'itemMs' | 'itemChars' | 'largest'>,
  parallel: number,
): number => {
  const { itemMs, itemChars, largest } = measured;
  if (itemMs === undefined) return 1;
  const byTime = itemMs <= 0 ? limits.chunkItemsMax : Math.floor(limits.chunkTargetMs / itemMs);
  const byChars = itemChars <= 0 ? limits.chunkItemsMax : Math.floor(limits.chunkTextCharsMax / itemChars);
  const byShare = Math.ceil(remaining / parallel);
  return Math.max(1, Math.min(byTime, byChars, largest * growthMax, byShare, limits.chunkItemsMax, remaining));
};
