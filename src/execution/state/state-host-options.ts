/** What a state host stands on, and whom it tells. */
import type { Blobs, Bus, Log } from '../../engine/engine.ts';
import type { CheckpointSettings } from '../../partition/host-options.ts';
import type { Replicas } from '../../partition/replicas.ts';
import type { Env } from '../../platform/env.ts';
import type { StoreReader, StoreWriter } from '../../store/store.ts';
import type { Flat } from '../../tasks/messages.ts';

export type IntakeBounds = {
  /** Tasks alive in a partition. */
  readonly queuedTasksMax: number;
  /** Answers and messages of a partition that wait for a record. */
  readonly intakePendingMax: number;
};

export type StateHostOptions = {
  readonly env: Env;
  /** How many partitions the folder or the cluster has. */
  readonly partitions: number;
  readonly log: (partition: number) => Log;
  readonly reader: StoreReader;
  readonly openSnapshotReader: () => StoreReader;
  readonly writer: StoreWriter;
  readonly blobs: Blobs;
  readonly bus: Bus;
  /** Of each executor of this node; default: `slotsPerExecutor`. */
  readonly slots?: number;
  readonly retentionMs: number;
  readonly retentionTasks: number;
  /** Why the process before this one ended, for what it was running then. */
  readonly previousEnd: string;
  readonly checkpoints: CheckpointSettings;
  /** What is taken in at most, where other than the limits say. */
  readonly bounds?: IntakeBounds;
  /** Records of each partition that are under way at once; default: as many as a log may have (`windowRecords`, `windowRecordsOwn`). */
  readonly window?: number;
  /** The error code for which the log cannot be written at present. */
  readonly stalled: () => string | undefined;
  readonly postToExecutor: (executor: number, flat: Flat) => void;
  readonly postToClient: (client: number, flat: Flat) => void;
  /** An own canary (`own-canary.ts`) came back from an executor. */
  readonly onCanary?: (executor: number) => void;
  /**
   * A client's request is for a partition that is not led here at present, and is lost. Without it nobody is told, as nobody has
   * to be where all partitions are led here. Called while requests are taken.
   */
  readonly onNotLed?: (client: number, request: number) => void;
  /** Calls back soon, after the messages that are there were taken. */
  readonly soon: (turn: () => void) => void;
  /** A partition has stopped: drop it. */
  readonly onFailed: (partition: number, error: unknown) => void;
  /** What other nodes know of a partition whose log is shared, and copies of its records. */
  readonly replicas?: (partition: number) => Replicas | undefined;
  /**
   * Settles when every executor that may run tasks of a partition is known here: a new leader asks all of them before it grants
   * anything (scenario T2). Without it they are known as soon as they are there.
   */
  readonly met?: () => Promise<void>;
  /** A partition is led here, and its tasks are taken over. */
  readonly onLeading?: (partition: number, epoch: number) => void;
  /** What other nodes call this one's replicas, where there are others. */
  readonly replica?: string;
  /** A partition that is to be given away is led here no more. */
  readonly onHandingOver?: (partition: number) => void;
  /** The leader of a partition gave it to `to`: it was this node's (then it is to be dropped), or a standby here read it. */
  readonly onHandedOver?: (partition: number, to: string) => void;
};
