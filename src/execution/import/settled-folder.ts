/**
 * A data folder without a process, made to rest: its partitions recover, what was running is queued again, and what they have for each
 * other arrives; nothing is granted. Then all of it stands in the store, and is read there.
 *
 * To be used on a copy: it is written to.
 */
import { type DataFormat, dataPaths } from '../../engine/embedded/data-folder.ts';
import { openFileBlobs } from '../../engine/embedded/file-blobs.ts';
import { LocalBus } from '../../engine/embedded/local-bus.ts';
import { nodeFiles } from '../../engine/embedded/node-files.ts';
import { openPhysicalLog, type PhysicalLog } from '../../engine/embedded/physical-log.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { outboxTable } from '../../partition/outbox.ts';
import { decodeRow } from '../../partition/record.ts';
import type { Table } from '../../partition/table.ts';
import type { Env } from '../../platform/env.ts';
import { openLmdbReader, openLmdbWriter } from '../../store/lmdb-store.ts';
import type { StoreReader, StoreWriter } from '../../store/store.ts';
import type { RowSource } from '../../tasks/recut.ts';
import type { Part } from '../state/part.ts';
import { StateHost } from '../state/state-host.ts';

/** A timer that falls due while it is closed may have written one more message: then it is opened once more. */
const triesMax = 10;
const lookMs = 5;

export type SettledFolder = {
  /** Its partitions, by number. */
  readonly sources: readonly RowSource[];
  /** The newest record time of all partitions. */
  readonly time: number;
  readonly close: () => Promise<void>;
};

/** `previousEnd`: how the process ended that had the folder last, should it have ended while tasks ran. Throws `LOG_DAMAGED`, `STORE_FAILED` … */
export const settleFolder = async (
  folder: string,
  { partitions, physicalLogs }: DataFormat,
  env: Env,
  previousEnd: string,
): Promise<SettledFolder> => {
  const store = dataPaths(folder).store;
  const writer = openLmdbWriter(store);
  const reader = openLmdbReader(store);
  const close = async (): Promise<void> => {
    await reader.close();
    await writer.close();
  };
  try {
    for (let tries = 0; tries < triesMax; tries++) {
      const ends = await run({ folder, partitions, physicalLogs, env, previousEnd, reader, writer });
      reader.renew();
      const sources = ends.map((_, partition) => sourceOf(reader, partition));
      const isWhole = ends.every(({ position }, partition) => reader.marker(partition).position >= position);
      if (isWhole && sources.every((source) => [...source.scan(outboxTable)].length === 0))
        return { sources, time: Math.max(...ends.map(({ time }) => time)), close };
    }
    const message = `The copy of a data folder in ${folder} does not come to rest: it has messages between its partitions each time it is closed, or its store cannot be written.`;
    throw new TuttiError('STORE_FAILED', message, { details: { folder } });
  } catch (error) {
    await close();
    throw error;
  }
};

type Run = Pick<DataFormat, 'partitions' | 'physicalLogs'> & {
  readonly folder: string;
  readonly env: Env;
  readonly previousEnd: string;
  readonly reader: StoreReader;
  readonly writer: StoreWriter;
};

type End = { readonly position: number; readonly time: number };

/** Leads all partitions until they rest, and closes them. Where each of them ends then. */
const run = async ({ folder, partitions, physicalLogs, env, previousEnd, reader, writer }: Run): Promise<End[]> => {
  const paths = dataPaths(folder);
  const logs: PhysicalLog[] = [];
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let host: StateHost | undefined;
  try {
    const logOf = new Map<number, PhysicalLog>();
    for (const [number, those] of physicalLogs.entries()) {
      const log = await openPhysicalLog(nodeFiles, paths.log(number), { env });
      logs.push(log);
      for (const partition of those) logOf.set(partition, log);
    }
    host = new StateHost({
      env,
      partitions,
      log: (partition) => (logOf.get(partition) as PhysicalLog).log(partition),
      reader,
      openSnapshotReader: () => openLmdbReader(paths.store),
      writer,
      blobs: await openFileBlobs(nodeFiles, paths.blobs),
      bus: new LocalBus(env.timers),
      // What is kept is for whoever opens it with an app to say.
      retentionMs: Number.POSITIVE_INFINITY,
      retentionTasks: Number.POSITIVE_INFINITY,
      previousEnd,
      checkpoints: limits,
      stalled: () => logs.find((log) => log.stalled !== undefined)?.stalled?.code,
      postToExecutor: () => undefined,
      postToClient: () => undefined,
      soon: (turn) => setImmediate(turn),
      onFailed: (_partition, error) => failed.reject(error),
    });
    await Promise.race([host.open(), failed.promise]);
    const parts = [...host.parts.values()].sort((a, b) => a.number - b.number);
    while (!parts.every(rests))
      await Promise.race([new Promise<void>((resolve) => env.timers.after(lookMs, resolve)), failed.promise]);
    await host.close();
    host = undefined;
    return parts.map(({ host: { core } }) => ({ position: core.position, time: core.time }));
  } finally {
    await host?.close().catch(() => undefined);
    for (const log of logs) await log.close();
  }
};

/** It has nothing to send or to write, and what waits for its time is not due. */
const rests = ({ host, tasks, leading }: Part): boolean =>
  leading &&
  host.core.idle &&
  !host.core.checkpointUnderWay &&
  tasks.timers.nextDueAt > host.now() &&
  [...host.core.scan(outboxTable)].length === 0;

const sourceOf = (reader: StoreReader, partition: number): RowSource => ({
  *scan<Row>(table: Table<Row>, from = '', to?: string): Generator<readonly [string, Row]> {
    for (const [key, bytes] of reader.scan(partition, table.id, from, to))
      yield [key, table.fromFields(decodeRow(bytes))];
  },
});
