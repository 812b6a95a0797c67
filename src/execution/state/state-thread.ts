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
import { History } from '../../observe/history.ts';
import { nodeEnv } from '../../platform/node.ts';
import { openLmdbReader } from '../../store/lmdb-store.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { park } from '../../store/parking.ts';
import type { StoreWriter } from '../../store/store.ts';
import type { Flat } from '../../tasks/messages.ts';
import { encodeError } from '../../values/codec.ts';
import { LoopDelayMeter } from '../loop-delay.ts';
import type { FromStateThread, StateThreadData, ToStateThread } from './control.ts';
import { StateHost } from './state-host.ts';
import {
  type CheckpointSeen,
  executorLoads,
  functionsOf,
  logOf,
  partitionOf,
  type StateOverview,
} from './state-overview.ts';
import { RemoteStoreWriter } from './store-port.ts';

const data = workerData as StateThreadData;
const control = parentPort as MessagePort;
const tell = (message: FromStateThread): void => control.postMessage(message);

const startedAt = new Date();
const history = new History();
const loopDelay = new LoopDelayMeter();
const checkpoints = new Map<number, CheckpointSeen>();
const env = nodeEnv({
  emit: (name, fields) => {
    if (name === 'checkpoint.done')
      checkpoints.set(Number(fields['partition']), { position: Number(fields['position']), at: new Date() });
    tell({ kind: 'event', name, fields: plain(fields) });
  },
});
const executors = new Map<number, MessagePort>();
const clients = new Map<number, MessagePort>();

/** Errors do not survive every boundary as fields of an event; their text does. */
const plain = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );

type Opened = {
  readonly host: StateHost;
  readonly logs: readonly PhysicalLog[];
  readonly writer: StoreWriter;
};

const overviewOf = ({ host, logs }: Opened): StateOverview => {
  const parts = [...host.parts.values()];
  return {
    startedAt,
    functions: functionsOf(parts),
    partitions: parts.map((part) => partitionOf(part, checkpoints.get(part.number) ?? { position: 0, at: undefined })),
    executors: executorLoads(parts),
    logs: logs.map(({ counters }, number) => logOf(number, counters)),
    loopDelay: loopDelay.read(),
    history: history.view(),
  };
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
    checkpoints.set(partition, { position: reader.marker(partition).position, at: undefined });
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
    retentionMs: data.retentionMs,
    retentionTasks: data.retentionTasks,
    previousEnd: data.previousEnd,
    checkpoints: data.tuning ?? limits,
    stalled: () => logs.find((log) => log.stalled !== undefined)?.stalled?.code,
    postToExecutor: (executor, flat) => executors.get(executor)?.postMessage(flat),
    postToClient: (client, flat) => clients.get(client)?.postMessage(flat),
    soon: (turn) => setImmediate(turn),
    onFailed: (_partition, error) => tell({ kind: 'failed', error: encodeError(error) }),
  });
  await host.open();
  return { host, logs, writer };
};

const start = async (): Promise<void> => {
  const opened = await open();
  const { host } = opened;
  control.on('message', (message: ToStateThread) => {
    switch (message.kind) {
      case 'executor':
        executors.set(message.executor, message.port);
        host.addExecutor(message.executor, message.names);
        message.port.on('message', (flat: Flat) => host.fromExecutor(message.executor, flat));
        break;
      case 'executorGone':
        executors.get(message.executor)?.close();
        executors.delete(message.executor);
        host.removeExecutor(message.executor, message.guilty, message.loss);
        break;
      case 'executorBusy':
        host.executorBusy(message.executor, message.running);
        break;
      case 'executorAnswers':
        host.executorAnswers(message.executor);
        break;
      case 'client':
        clients.set(message.client, message.port);
        host.addClient(message.client);
        message.port.on('message', (flat: Flat) => host.fromClient(message.client, flat));
        break;
      case 'overview':
        tell({ kind: 'overview', request: message.request, overview: overviewOf(opened) });
        break;
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
  const record = (): void => history.record(new Date(), functionsOf(host.parts.values()));
  record();
  setInterval(record, limits.historyStepMs).unref();
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
  for (const port of [...clients.values(), ...executors.values()]) port.close();
  tell({ kind: 'closed' });
  control.close();
};

start().catch((error: unknown) => tell({ kind: 'failed', error: encodeError(error) }));
