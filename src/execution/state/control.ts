/** What the node thread and a state thread tell each other besides the flat arrays: rare, and as objects. */
import type { MessagePort } from 'node:worker_threads';
import type { CheckpointSettings } from '../../partition/host-options.ts';
import type { Loss } from '../../tasks/grant.ts';
import type { StateOverview } from './state-overview.ts';

/** Thresholds other than the limits say: tests use small ones, so that what is rare happens often. */
export type Tuning = CheckpointSettings & { readonly segmentBytes: number; readonly recordBytesMax: number };

/** `workerData` of a state thread. */
export type StateThreadData = {
  readonly partitions: number;
  /** The data folder, or undefined: everything in memory, nothing kept. */
  readonly folder: string | undefined;
  readonly physicalLogs: readonly (readonly number[])[];
  /** To the writer of the store on the node thread; undefined where the store is in memory. */
  readonly storePort: MessagePort | undefined;
  /** Of each executor of this node. */
  readonly slots: number;
  readonly retentionMs: number;
  readonly retentionTasks: number;
  readonly previousEnd: string;
  readonly tuning?: Tuning | undefined;
};

export type ToStateThread =
  /** `names`: the tasks of the app it has loaded; `away`: those of them that are to run elsewhere, if they can. */
  | {
      readonly kind: 'executor';
      readonly executor: number;
      readonly port: MessagePort;
      readonly names: readonly string[];
      readonly away: readonly string[];
    }
  | {
      readonly kind: 'executorGone';
      readonly executor: number;
      readonly guilty: { readonly partition: number; readonly epoch: number; readonly n: number } | undefined;
      readonly loss: Loss;
    }
  /** It does not answer at present; `running` keeps it, where that is known. `kept`: some code of a task does. */
  | {
      readonly kind: 'executorBusy';
      readonly executor: number;
      readonly running: { readonly partition: number; readonly epoch: number; readonly n: number } | undefined;
      readonly kept: boolean;
    }
  /** It answers again. */
  | { readonly kind: 'executorAnswers'; readonly executor: number }
  | { readonly kind: 'client'; readonly client: number; readonly port: MessagePort }
  | { readonly kind: 'overview'; readonly request: number }
  | { readonly kind: 'close' }
  /** The process ends: stand still (`store/parking.ts`). */
  | { readonly kind: 'park'; readonly cell: SharedArrayBuffer };

export type FromStateThread =
  | { readonly kind: 'leading' }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'event'; readonly name: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'overview'; readonly request: number; readonly overview: StateOverview }
  | { readonly kind: 'closed' };
