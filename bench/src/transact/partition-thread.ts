/**
 * Partitions over the real log and store in a thread of their own, driven as a state thread drives them: messages of one
 * wake-up are steps of one turn, and each peer gets at most one array.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { dataPaths } from '../../../src/engine/embedded/data-folder.ts';
import { openFileBlobs } from '../../../src/engine/embedded/file-blobs.ts';
import { nodeFiles } from '../../../src/engine/embedded/node-files.ts';
import { openPhysicalLog } from '../../../src/engine/embedded/physical-log.ts';
import { RemoteStoreWriter } from '../../../src/execution/state/store-port.ts';
import { limits } from '../../../src/limits.ts';
import { PartitionHost } from '../../../src/partition/host.ts';
import { TableSet } from '../../../src/partition/table.ts';
import { nodeEnv } from '../../../src/platform/node.ts';
import { openLmdbReader } from '../../../src/store/lmdb-store.ts';
import { hash16 } from '../../../src/values/hash.ts';
import { partitionOfHash } from '../../../src/values/task-id.ts';
import { counterTable, type FlatCalls, filler, type PartitionThreadData } from './counter-table.ts';

type Answer = { readonly caller: number; readonly count: number };

const { folder, partitions, callers, store } = workerData as PartitionThreadData;
const parent = parentPort as MessagePort;
const env = nodeEnv();
const paths = dataPaths(folder);
const log = await openPhysicalLog(nodeFiles, paths.log(0), { env });
const blobs = await openFileBlobs(nodeFiles, paths.blobs);
const writer = new RemoteStoreWriter(store);

let out: FlatCalls = [];
let turnPlanned = false;

const fail = (error: unknown): never => {
  throw error instanceof Error ? error : new Error(String(error));
};

const openPartition = async (number: number): Promise<PartitionHost<Answer>> => {
  const reader = openLmdbReader(paths.store);
  let lead: (() => void) | undefined;
  const leading = new Promise<void>((resolve) => {
    lead = resolve;
  });
  const host = await PartitionHost.open<Answer>({
    core: {
      partition: number,
      window: limits.windowRecordsOwn,
      carefulWindow: limits.windowRecords,
      shared: false,
      store: reader,
      tables: new TableSet([counterTable]),
      newLogId: [1, number + 1],
    },
    log: log.log(number),
    reader,
    openSnapshotReader: () => openLmdbReader(paths.store),
    writer,
    blobs,
    env,
    release: (answers) => {
      for (const { caller, count } of answers) out.push(caller, count);
      planTurn();
    },
    onLeading: () => lead?.(),
    onFenced: () => fail(new Error(`partition ${number} was fenced`)),
    onFailed: fail,
    onProgress: () => planTurn(),
  });
  await leading;
  return host;
};

const hosts: PartitionHost<Answer>[] = [];

const planTurn = (): void => {
  if (turnPlanned) return;
  turnPlanned = true;
  setImmediate(turn);
};

const turn = (): void => {
  turnPlanned = false;
  for (const host of hosts) host.endTurn();
  if (out.length === 0) return;
  callers.postMessage(out);
  out = [];
};

const increment = (caller: number, key: string): void => {
  const host = hosts[partitionOfHash(hash16(key), partitions)] as PartitionHost<Answer>;
  host.transact((tx) => {
    const count = (tx.get(counterTable, key)?.count ?? 0) + 1;
    tx.put(counterTable, key, { count, filler });
    tx.emit({ caller, count });
  });
};

for (let number = 0; number < partitions; number++) hosts.push(await openPartition(number));
callers.on('message', (flat: FlatCalls) => {
  for (let at = 0; at < flat.length; at += 2) increment(flat[at] as number, flat[at + 1] as string);
  planTurn();
});
parent.on('message', async () => {
  await Promise.all(hosts.map((host) => host.close()));
  await log.close();
  await writer.close();
  callers.close();
  parent.close();
});
parent.postMessage('ready');
