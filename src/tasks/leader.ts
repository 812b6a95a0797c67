/**
 * What the leader of a partition keeps in memory about its tasks. All of it is derived: a new leader makes it again from
 * the rows (`claim.ts`). Changes to rows go through a transaction; changes here follow in the same step.
 *
 * Invariants
 * - T-live: a task has an entry in `live` exactly while an attempt of it is granted, or it is parked while waiting.
 * - T-attempt: reports are taken only for the attempt named by (epoch, n) in `byAttempt` (scenario T1).
 */
import type { PeerMessage } from '../partition/outbox.ts';
import type { Transaction } from '../partition/partition.ts';
import type { Flat } from './messages.ts';
import { ReadyQueue } from './ready-queue.ts';
import type { MapRow, ParentRef } from './tables.ts';
import { TimerHeap } from './timer-heap.ts';

export type TaskOutput =
  | PeerMessage
  | { readonly kind: 'executor'; readonly executor: number; readonly flat: Flat }
  | { readonly kind: 'client'; readonly client: number; readonly flat: Flat };

export type TaskTransaction = Transaction<TaskOutput>;

/** A map under way, while its task has an attempt. */
export type LiveMap = {
  readonly step: number;
  readonly stepKey: string;
  row: MapRow;
  /** Chunks created whose results are not there. */
  outstanding: number;
  /** Items asked of the executor and not yet got: up to this index. */
  askedTo: number;
  askedChunks: number;
  /** Milliseconds an item takes, as measured; undefined until the first chunk came back. */
  itemMs: number | undefined;
  /** The largest chunk asked for so far: sizes grow step by step. */
  largest: number;
};

/** A task that has an attempt, or is parked. */
export type Live = {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly kind: number;
  readonly policy: string | undefined;
  readonly tries: number;
  readonly solo: boolean;
  readonly n: number;
  epoch: number;
  /** -1: parked, no executor holds it. */
  executor: number;
  started: boolean;
  /** Index of the next step row; of the next log row. */
  steps: number;
  logs: number;
  /** `stepResult`s sent to this attempt. */
  results: number;
  /** Steps without a result: step key → index. */
  pending: Map<string, number> | undefined;
  maps: Map<number, LiveMap> | undefined;
  /** A parked task that already stands in the queue again. */
  queued: boolean;
};

export type Waiter = { readonly client: number; readonly request: number };

/** An outcome on its way to a parent of the same partition; taken at the end of the same step. */
export type LocalOutcome = {
  readonly parent: ParentRef;
  readonly ok: number;
  readonly text: string;
  readonly runMs: number;
};

export type TaskSettings = {
  readonly partition: number;
  readonly partitions: number;
  /** Executors there are: how many chunks a map keeps under way. */
  readonly executors: () => number;
  readonly retentionMs: number;
  readonly retentionTasks: number;
  readonly queuedTasksMax: number;
  /** In [0, 1): jitter, and which partition a chunk goes to. What comes of it is recorded. */
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
};

export class TaskLeader {
  readonly settings: TaskSettings;
  readonly queue = new ReadyQueue();
  readonly timers = new TimerHeap();
  readonly live = new Map<string, Live>();
  readonly byAttempt = new Map<number, Live>();
  readonly waiters = new Map<string, Waiter[]>();
  readonly followers = new Map<string, Waiter[]>();
  readonly progress = new Map<
    string,
    { readonly done: number; readonly total: number; readonly message: string | undefined }
  >();
  /** Finished tasks in order of finishing: without and with an idempotency key. */
  finished: { readonly key: string; readonly finishedAt: number }[] = [];
  finishedHead = 0;
  finishedWithKey: { readonly key: string; readonly finishedAt: number }[] = [];
  finishedWithKeyHead = 0;
  readonly outcomes: LocalOutcome[] = [];
  epoch = 0;
  nextN = 1;
  /** Alive tasks (scheduled, queued, running, waiting). */
  alive = 0;

  constructor(settings: TaskSettings) {
    this.settings = settings;
  }

  /** The task an executor's report is about, if its attempt still counts. */
  attempt(epoch: number, n: number): Live | undefined {
    const live = this.byAttempt.get(n);
    return live !== undefined && live.epoch === epoch ? live : undefined;
  }

  forget(live: Live): void {
    this.live.delete(live.key);
    this.byAttempt.delete(live.n);
    this.progress.delete(live.key);
  }
}
