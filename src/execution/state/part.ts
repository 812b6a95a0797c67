/** A partition of this thread, with its tasks; and how one is opened. */
import type { Log } from '../../engine/engine.ts';
import { limits } from '../../limits.ts';
import { PartitionHost } from '../../partition/host.ts';
import { outboxTable, peersTable, Resender } from '../../partition/outbox.ts';
import type { PartitionOptions } from '../../partition/partition-effect.ts';
import { TableSet } from '../../partition/table.ts';
import type { Random } from '../../platform/env.ts';
import type { StoreReader } from '../../store/store.ts';
import { TaskLeader, type TaskOutput, type TaskSettings } from '../../tasks/leader.ts';
import { taskTables } from '../../tasks/tables.ts';
import type { RollCall } from './roll-call.ts';
import type { StateHostOptions } from './state-host-options.ts';

export type Part = {
  readonly number: number;
  readonly host: PartitionHost<TaskOutput>;
  readonly tasks: TaskLeader;
  readonly resender: Resender;
  /** Others may lead it as well. */
  readonly shared: boolean;
  /** How the process of the leader before ended, where it did. */
  previousEnd: string | undefined;
  /** It leads and has taken over its tasks. */
  leading: boolean;
  /** While it leads and asks the executors what they run. */
  rollCall: RollCall | undefined;
  /** Executors that were asked and have not answered. What they had reported before they will tell again with their answer. */
  readonly unanswered: Set<number>;
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
  readonly onHandingOver: () => void;
  readonly onHandedOver: (to: string) => void;
  readonly onGaveAway: (to: string) => void;
  readonly onBeaten: () => void;
};

/** Of a partition with tasks. */
export const partitionTables = new TableSet([outboxTable, peersTable, ...taskTables]);

/** What the core of a partition over `log` is opened with. */
export const coreOptions = (
  partition: number,
  log: Log,
  store: StoreReader,
  random: Random,
): Omit<PartitionOptions, 'begin' | 'name'> => {
  const bytes = random.bytes(8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return {
    partition,
    window: log.shared ? limits.windowRecords : limits.windowRecordsOwn,
    carefulWindow: limits.windowRecords,
    shared: log.shared,
    store,
    tables: partitionTables,
    newLogId: [view.getUint32(0), view.getUint32(4)],
  };
};

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
  const log = options.log(number);
  const replicas = options.replicas?.(number);
  const host = await PartitionHost.open<TaskOutput>({
    core: {
      ...coreOptions(number, log, options.reader, env.random),
      ...(options.window === undefined ? {} : { window: options.window }),
      begin,
      ...(options.replica === undefined ? {} : { name: options.replica }),
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
  return {
    ...{ number, host, tasks, resender: new Resender(), shared: log.shared },
    ...{ previousEnd: undefined, leading: false, rollCall: undefined, unanswered: new Set<number>() },
  };
};
