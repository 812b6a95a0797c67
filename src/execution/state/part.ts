/** A partition of this thread, with its tasks; and how one is opened. */
import { limits } from '../../limits.ts';
import { PartitionHost } from '../../partition/host.ts';
import { outboxTable, peersTable, Resender } from '../../partition/outbox.ts';
import { TableSet } from '../../partition/table.ts';
import { TaskLeader, type TaskOutput, type TaskSettings } from '../../tasks/leader.ts';
import { taskTables } from '../../tasks/tables.ts';
import type { RollCall } from './roll-call.ts';
import type { StateHostOptions } from './state-host-options.ts';

export type Part = {
  readonly number: number;
  readonly host: PartitionHost<TaskOutput>;
  readonly tasks: TaskLeader;
  readonly resender: Resender;
  /** How the process of the leader before ended, where it did. */
  previousEnd: string | undefined;
  /** It leads and has taken over its tasks. */
  leading: boolean;
  /** While it leads and asks the executors what they run. */
  rollCall: RollCall | undefined;
};

/** What the part's thread does for it. */
export type PartHooks = Pick<
  TaskSettings,
  'executors' | 'takeExecutor' | 'anyExecutor' | 'functionSets' | 'functionsOf'
> & {
  readonly release: (outputs: readonly TaskOutput[]) => void;
  readonly onLeading: (epoch: number) => void;
  readonly onFenced: () => void;
  readonly onFailed: (error: unknown) => void;
  readonly onProgress: () => void;
  readonly onHandedOver: (to: string) => void;
  readonly onGaveAway: (to: string) => void;
  readonly onBeaten: () => void;
};

const tables = new TableSet([outboxTable, peersTable, ...taskTables]);

/** Opens a partition, which claims as soon as its log was read, or follows until it is told to. */
export const openPart = async (
  number: number,
  begin: 'lead' | 'follow',
  options: StateHostOptions,
  hooks: PartHooks,
): Promise<Part> => {
  const { env, partitions } = options;
  const tasks = new TaskLeader({
    partition: number,
    partitions,
    ...hooks,
    retentionMs: options.retentionMs,
    retentionTasks: Math.max(1, Math.ceil(options.retentionTasks / partitions)),
    queuedTasksMax: (options.bounds ?? limits).queuedTasksMax,
    random: () => env.random.fraction(),
    randomBytes: (count) => env.random.bytes(count),
  });
  const random = env.random.bytes(8);
  const view = new DataView(random.buffer, random.byteOffset, 8);
  const log = options.log(number);
  const replicas = options.replicas?.(number);
  const host = await PartitionHost.open<TaskOutput>({
    core: {
      partition: number,
      window: log.shared ? limits.windowRecords : limits.windowRecordsOwn,
      carefulWindow: limits.windowRecords,
      shared: log.shared,
      store: options.reader,
      tables,
      begin,
      ...(options.replica === undefined ? {} : { name: options.replica }),
      newLogId: [view.getUint32(0), view.getUint32(4)],
    },
    log,
    reader: options.reader,
    openSnapshotReader: options.openSnapshotReader,
    writer: options.writer,
    blobs: options.blobs,
    env,
    ...hooks,
    checkpoints: options.checkpoints,
    ...(replicas === undefined ? {} : { replicas }),
  });
  return { number, previousEnd: undefined, host, tasks, resender: new Resender(), leading: false, rollCall: undefined };
};
