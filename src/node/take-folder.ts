/**
 * Takes what the data folder of an embedded node holds to other partitions: those of a new cluster, or of a new folder. Its tasks go on
 * there where they were; the folder stays as it was, byte for byte.
 *
 * The folder is copied, and the copy made to rest (`settled-folder.ts`); its rows are divided anew (`recut.ts`) and written by a leader
 * of each new partition. Nothing else leads before all of them are durable: a cluster's map says so (`cluster-origin.ts`), a folder has
 * its name from then on.
 */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterSettings } from '../cluster/cluster-map.ts';
import { newestFeatureLevel } from '../cluster/cluster-map.ts';
import { beginOrigin, endOrigin } from '../cluster/cluster-origin.ts';
import { MapLog } from '../cluster/map-log.ts';
import { dataPaths, openDataFolder, prepareDataFolder, readDataFormat } from '../engine/embedded/data-folder.ts';
import { openFileBlobs } from '../engine/embedded/file-blobs.ts';
import { copyDataFolder } from '../engine/embedded/folder-copy.ts';
import { lastHolder, lockFolder } from '../engine/embedded/folder-lock.ts';
import { nodeFiles } from '../engine/embedded/node-files.ts';
import { openPhysicalLog } from '../engine/embedded/physical-log.ts';
import type { Blobs, Log } from '../engine/engine.ts';
import { connectNats } from '../engine/nats/connect.ts';
import { mapLogName, partitionLogName } from '../engine/nats/names.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { PartitionFiller } from '../execution/import/partition-filler.ts';
import { type SettledFolder, settleFolder } from '../execution/import/settled-folder.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import { openLmdbReader, openLmdbWriter } from '../store/lmdb-store.ts';
import { recut } from '../tasks/recut.ts';
import { doneTable, specTable } from '../tasks/tables.ts';
import { embeddedFormat } from './embedded-folder.ts';
import type { MembershipSettings } from './member-control.ts';
import { openMemberFolder } from './member-folder.ts';

export type Taken = {
  /** The id of the folder. */
  readonly folder: string;
  readonly partitions: number;
  readonly tasks: number;
  readonly rows: number;
};

/**
 * Makes a cluster of the folder `from`. `data`: the data folder of the node that does it, where there must be room for what `from` holds
 * twice. Undefined: the cluster was made from this folder before, and nothing is done. One that was interrupted is begun anew.
 *
 * Throws `IMPORT_REFUSED` where there is another cluster, `DATA_UNAVAILABLE`, `DATA_LOCKED`, `DATA_FORMAT`, `LOG_DAMAGED`, `LOG_FENCED`, and what
 * connecting throws. Until it is through, no node takes part in that cluster.
 */
export const takeToCluster = async (
  from: string,
  membership: MembershipSettings,
  data: string,
  env: Env,
): Promise<Taken | undefined> => {
  const { cluster, member, creates } = membership;
  prepareDataFolder(data);
  const lock = lockFolder(data);
  const work = join(data, 'import');
  const engine = await connectNats({
    ...membership.nats,
    cluster,
    name: `tutti ${member} import`,
    env,
    onWarning: ({ kind, message }) => env.events.emit('nats.warning', { kind, message }),
  }).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  try {
    openMemberFolder(data, membership);
    const maps = new MapLog(await engine.openLog(mapLogName), limits.mapRecordsKept);
    const known = (await maps.read())?.origin;
    // By then the folder may be gone.
    if (known?.taken === true && [undefined, known.folder].includes(readDataFormat(from)?.id)) {
      env.events.emit('import.before', { from, folder: known.folder });
      return undefined;
    }
    const { id } = embeddedFormat(from);
    if (creates === undefined)
      throw refused('A node that makes no cluster takes no data folder onto it: leave out cluster.creates.');
    const source = await settledCopy(from, work, env);
    try {
      const partitionLog = (number: number): Promise<Log> => engine.openLog(partitionLogName(number));
      const begun = await beginOrigin(
        {
          maps,
          folder: id,
          newClusterId: Buffer.from(env.random.bytes(8)).toString('hex'),
          featureLevel: newestFeatureLevel,
          settings: creates,
        },
        () => noRecords(creates, partitionLog),
      );
      if (begun === undefined) return undefined;
      const { partitions } = begun.map.settings;
      env.events.emit('import.begun', { from, folder: id, partitions, again: begun.again });
      const logs = await Promise.all(Array.from({ length: partitions }, (_, number) => partitionLog(number)));
      const blobs = await engine.openBlobs();
      const counts = await fill(source, {
        logs,
        blobs,
        store: join(work, 'new-store'),
        env,
        again: begun.again,
      });
      await endOrigin(maps, begun.map);
      env.events.emit('import.done', { from, folder: id, partitions, ...counts });
      return { folder: id, partitions, ...counts };
    } finally {
      await source.close();
    }
  } finally {
    await engine.close();
    await rm(work, { recursive: true, force: true });
    lock.release();
  }
};

/** Makes a new data folder `to` of the folder `from`, with another number of partitions. Throws as `takeToCluster` does. */
export const takeToFolder = async (from: string, to: string, partitions: number, env: Env): Promise<Taken> => {
  const { id } = embeddedFormat(from);
  if (readDataFormat(to) !== undefined) throw refused(`${to} is a data folder already. Name another one.`);
  const work = `${to}.import`;
  prepareDataFolder(work);
  const lock = lockFolder(work);
  try {
    const made = join(work, 'made');
    const source = await settledCopy(from, work, env);
    try {
      await rm(made, { recursive: true, force: true });
      const counts = await fillFolder(source, made, partitions, env);
      await rename(made, to);
      return { folder: id, partitions, ...counts };
    } finally {
      await source.close();
    }
  } finally {
    await rm(work, { recursive: true, force: true });
    lock.release();
  }
};

const fillFolder = async (source: SettledFolder, folder: string, partitions: number, env: Env): Promise<Counts> => {
  prepareDataFolder(folder);
  openDataFolder(folder, { random: env.random, partitions });
  const paths = dataPaths(folder);
  const log = await openPhysicalLog(nodeFiles, paths.log(0), { env });
  try {
    const logs = Array.from({ length: partitions }, (_, number) => log.log(number));
    const blobs = await openFileBlobs(nodeFiles, paths.blobs);
    return await fill(source, { logs, blobs, store: paths.store, env, again: false });
  } finally {
    await log.close();
  }
};

const settledCopy = async (from: string, work: string, env: Env): Promise<SettledFolder> => {
  const copy = join(work, 'copy');
  await rm(copy, { recursive: true, force: true });
  const holder = lastHolder(from);
  await copyDataFolder(from, copy);
  const ended = holder === undefined ? 'its process ended' : `the process ${holder.pid} ended without closing the node`;
  return settleFolder(copy, embeddedFormat(copy), env, ended);
};

/** A cluster without a map may have lost it. */
const noRecords = async ({ partitions }: ClusterSettings, log: (number: number) => Promise<Log>): Promise<void> => {
  for (let number = 0; number < partitions; number++) if ((await (await log(number)).end()) > 0) throw notEmpty();
};

const notEmpty = (): TuttiError =>
  refused(
    'The cluster has partitions with records and no map that says how they came there. Start its nodes, or name another cluster.',
  );

type Target = {
  readonly logs: readonly Log[];
  readonly blobs: Blobs;
  /** Where the store of the new partitions is, or is for as long as they are filled. */
  readonly store: string;
  readonly env: Env;
  /** What they hold is of a try that was interrupted. */
  readonly again: boolean;
};

type Counts = Pick<Taken, 'tasks' | 'rows'>;

const fill = async (source: SettledFolder, { logs, blobs, store, env, again }: Target): Promise<Counts> => {
  const writer = openLmdbWriter(store);
  const reader = openLmdbReader(store);
  const openReader = () => openLmdbReader(store);
  const fillers: PartitionFiller[] = [];
  try {
    const { time } = source;
    for (const [partition, log] of logs.entries())
      fillers.push(await PartitionFiller.open({ partition, log, blobs, env, reader, openReader, writer, time }));
    for (const filler of fillers) {
      if (again) await filler.empty();
      else if (!filler.isEmpty) throw notEmpty();
    }
    let rows = 0;
    let tasks = 0;
    for (const { partition, table, key, row } of recut(source.sources, logs.length)) {
      await fillers[partition]?.put(table, key, row);
      rows++;
      if (table.id === specTable.id || table.id === doneTable.id) tasks++;
    }
    for (const filler of fillers) await filler.settled();
    return { tasks, rows };
  } finally {
    await Promise.all(fillers.map((filler) => filler.close()));
    await reader.close();
    await writer.close();
  }
};

const refused = (message: string): TuttiError => new TuttiError('IMPORT_REFUSED', message);
