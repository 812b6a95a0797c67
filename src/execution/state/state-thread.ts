/**
 * Entry of a state thread: opens the log and the store's reader, and drives the partitions. No user code runs here.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { dataPaths } from '../../engine/embedded/data-folder.ts';
import { openFileBlobs } from '../../engine/embedded/file-blobs.ts';
import { LocalBus } from '../../engine/embedded/local-bus.ts';
import { memoryFiles } from '../../engine/embedded/memory-files.ts';
import { nodeFiles } from '../../engine/embedded/node-files.ts';
import { openPhysicalLog, type PhysicalLog } from '../../engine/embedded/physical-log.ts';
import { limits } from '../../limits.ts';
import { nodeEnv } from '../../platform/node.ts';
import { openLmdbReader } from '../../store/lmdb-store.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { park } from '../../store/parking.ts';
import type { StoreWriter } from '../../store/store.ts';
import { encodeError } from '../../values/codec.ts';
import type { FromStateThread, StateThreadData, ToStateThread } from './control.ts';
import { StateHost } from './state-host.ts';
import { logOf } from './state-overview.ts';
import { RemoteStoreWriter } from './store-port.ts';
import { ThreadPorts } from './thread-ports.ts';
import { ThreadWatch } from './thread-watch.ts';

const data = workerData as StateThreadData;
const control = parentPort as MessagePort;
const tell = (message: FromStateThread): void => control.postMessage(message);

const watch = new ThreadWatch(tell);
const env = nodeEnv(watch.events);
const ports = new ThreadPorts();

type Opened = {
  readonly host: StateHost;
  readonly logs: readonly PhysicalLog[];
  readonly writer: StoreWriter;
};

const open = async (): Promise<Opened> => {
  const { folder } = data;
  const { segmentBytes, recordBytesMax } = data.tuning ?? limits;
  const files = folder === undefined ? memoryFiles() : nodeFiles;
  const paths = dataPaths(folder ?? '/memory');
  const logs: PhysicalLog[] = [];
  const logOfPartition = new Map<number, PhysicalLog>();
  for (const [number, partitions] of data.physicalLogs.entries()) {
    const log = await openPhysicalLog(files, paths.log(number), { env, segmentBytes, recordBytesMax });
    logs.push(log);
    for (const partition of partitions) logOfPartition.set(partition, log);
  }
  const memory = folder === undefined ? createMemoryStore() : undefined;
  const openReader = () => (memory === undefined ? openLmdbReader(paths.store) : memory.reader());
  const reader = openReader();
  for (let partition = 0; partition < data.partitions; partition++)
    watch.checkpointAt(partition, reader.marker(partition).position);
  const writer = memory?.writer ?? new RemoteStoreWriter(data.storePort as MessagePort);
  const host = new StateHost({
    env,
    partitions: data.partitions,
    log: (partition) => (logOfPartition.get(partition) as PhysicalLog).log(partition),
    reader,
    openSnapshotReader: openReader,
    writer,
    blobs: await openFileBlobs(files, paths.blobs),
    bus: new LocalBus(env.timers),
    slots: data.slots,
    retentionMs: data.retentionMs,
    retentionTasks: data.retentionTasks,
    previousEnd: data.previousEnd,
    checkpoints: data.tuning ?? limits,
    stalled: () => logs.find((log) => log.stalled !== undefined)?.stalled?.code,
    postToExecutor: ports.postToExecutor,
    postToClient: ports.postToClient,
    soon: (turn) => setImmediate(turn),
    onFailed: (_partition, error) => tell({ kind: 'failed', error: encodeError(error) }),
  });
  await host.open();
  return { host, logs, writer };
};

const start = async (): Promise<void> => {
  const opened = await open();
  const { host } = opened;
  control.on('message', (toThread: ToStateThread) => {
    const message = ports.take(toThread, host);
    switch (message?.kind) {
      case undefined:
        break;
      case 'overview': {
        const logs = opened.logs.map(({ counters }, number) => logOf(number, counters));
        tell({ kind: 'overview', request: message.request, overview: watch.overview(host.parts.values(), logs) });
        break;
      }
      case 'park':
        park(message.cell);
        break;
      case 'close':
        void close(opened);
        break;
      default:
        message satisfies never;
    }
  });
  watch.begin(() => host.parts.values());
  tell({ kind: 'leading' });
};

/** The thread ends by itself when its last port is closed. */
const close = async ({ host, logs, writer }: Opened): Promise<void> => {
  const closed = host.close();
  // What a full disk holds up ends with its log: nobody was told that it was done.
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, limits.closeWaitMs))]);
  for (const log of logs) await log.close();
  await closed;
  await writer.close();
  ports.close();
  tell({ kind: 'closed' });
  control.close();
};

start().catch((error: unknown) => tell({ kind: 'failed', error: encodeError(error) }));
