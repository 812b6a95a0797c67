/** What the host of a partition is given: where it reads and writes, and whom it tells what. */
import type { Blobs, Log } from '../engine/engine.ts';
import type { Env } from '../platform/env.ts';
import type { StoreReader, StoreWriter } from '../store/store.ts';
import type { PartitionOptions } from './partition-effect.ts';
import type { Replicas } from './replicas.ts';

export type PartitionHostOptions<Output> = {
  readonly core: PartitionOptions;
  readonly log: Log;
  readonly reader: StoreReader;
  /** A reader of its own for each snapshot, at the state of the moment. */
  readonly openSnapshotReader: () => StoreReader;
  readonly writer: StoreWriter;
  readonly blobs: Blobs;
  readonly env: Env;
  readonly release: (outputs: readonly Output[]) => void;
  readonly onLeading: (epoch: number) => void;
  readonly onFenced: (certain: boolean, dropped: readonly Output[]) => void;
  /** The partition stops: damage, or a bug. */
  readonly onFailed: (error: unknown) => void;
  /** Something was acknowledged to who leads, or is about to: what waited for it may go on. */
  readonly onProgress: () => void;
  /** Of a shared log: all records up to this position stand there for good and are in the state here. */
  readonly onApplied?: (position: number) => void;
  /** A standby read that the leader gave the partition to `to`. The one of that name claims by itself. */
  readonly onHandedOver?: (to: string) => void;
  /** The hand-over that this leader was told to make begins: from now on it takes no more steps. */
  readonly onHandingOver?: () => void;
  /** That hand-over is durable: close this host. */
  readonly onGaveAway?: (to: string) => void;
  /** A standby's claim came second, and it follows again. */
  readonly onBeaten?: (epoch: number) => void;
  readonly checkpoints?: CheckpointSettings;
  /** What other replicas of a shared log know, and copies of its records: without it a log that loses its tail stays so. */
  readonly replicas?: Replicas;
};

/** When the store is flushed, and when a snapshot is taken. The limits are the default; tests use smaller ones. */
export type CheckpointSettings = {
  readonly checkpointDirtyRows: number;
  readonly checkpointLogBytes: number;
  readonly checkpointIntervalMs: number;
  readonly checkpointSliceRows: number;
  readonly snapshotLogBytes: number;
  readonly snapshotChunkBytes: number;
};
