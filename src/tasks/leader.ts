/**
 * What the leader of a partition keeps in memory about its tasks. All of it is derived: a new leader makes it again from
 * the rows (`claim.ts`). Changes to rows go through a transaction; changes here follow in the same step.
 *
 * Invariants
 * - T-live: a task has an entry in `live` exactly while an attempt of it is granted, or it is parked while waiting.
 * - T-attempt: reports are taken only for the attempt named by (epoch, n) in `byAttempt` (scenario T1). No two entries have
 *   the same n, also where attempts of an earlier leader were adopted. A chunk may have two attempts (`copies.ts`).
 * - T-exclusive: of the tasks that have crashed `exclusiveFrom` times at most one runs; it ends, or waits for a step, before
 *   the next begins. So a crash of the process with such a one is its own.
 */
import { decodePolicy, defaultPolicy, type TaskPolicy } from '../app/policy.ts';
import type { PeerMessage } from '../partition/outbox.ts';
import type { Transaction } from '../partition/transaction.ts';
import { taskIdOfKey } from '../values/task-id.ts';
import { AsideTasks } from './aside-tasks.ts';
import { type FunctionCounters, TaskCounters } from './counters.ts';
import { FunctionGaps, type FunctionSets } from './function-gaps.ts';
import { type Flat, grantKind } from './messages.ts';
import { ReadyQueue } from './ready-queue.ts';
import type { MapRow, ParentRef, SpecRow, StateRow } from './tables.ts';
import { TimerHeap } from './timer-heap.ts';

export type TaskOutput =
  | PeerMessage
  | { readonly kind: 'executor'; readonly executor: number; readonly flat: Flat }
  | { readonly kind: 'client'; readonly client: number; readonly flat: Flat };

export type TaskTransaction = Transaction<TaskOutput>;

/** A map under way, while its task has an attempt that has opened it. */
export type LiveMap = {
  readonly step: number;
  readonly stepKey: string;
  row: MapRow;
  /** Items asked of the executor and not yet got: up to this index. */
  askedTo: number;
  askedChunks: number;
  /** Milliseconds an item takes, as measured; undefined until the first chunk came back. */
  itemMs: number | undefined;
  /** Characters an item's result takes, as measured. */
  itemChars: number;
  /** The largest chunk asked for so far: sizes grow step by step. */
  largest: number;
  /** Whether a timer looks after its last chunks (`stragglers.ts`). */
  watched: boolean;
};

/** A task that has an attempt, or is parked. */
export type Live = {
  readonly key: string;
  readonly id: string;
  readonly spec: SpecRow;
  readonly tries: number;
  readonly solo: boolean;
  n: number;
  epoch: number;
  /** -1: parked, no executor holds it. */
  executor: number;
  started: boolean;
  /** Record time of the grant; 0 if an earlier leader granted it. */
  grantedAt: number;
  /** Record time of the task's first grant; 0 before. */
  startedAt: number;
  /** A second attempt of the same chunk (`copies.ts`). */
  twin: Copy | undefined;
  /** Index of the next step row; of the next log row. */
  steps: number;
  logs: number;
  /** `stepResult`s sent to this attempt. */
  results: number;
  /** Steps without a result: step key → index. */
  pending: Map<string, number> | undefined;
  /** Steps that started a child: step key → index. Made when the first one is joined. */
  starts: Map<string, number> | undefined;
  maps: Map<number, LiveMap> | undefined;
  /** Keys of the maps that were pending when the attempt was granted: it opens them again, maybe after their end. */
  reopens: Set<string> | undefined;
  /** A parked task that already stands in the queue again. */
  queued: boolean;
  /** Those of its name; undefined for what is no task to who looks. Set when it is entered. */
  counters: FunctionCounters | undefined;
  /** It counts as one that waits. */
  waits: boolean;
};

/** An entry for a task by its rows: parked, with nothing known of its journal. Whoever grants it says to whom. */
export const liveOf = (key: string, spec: SpecRow, state: StateRow): Live => ({
  key,
  id: taskIdOfKey(key),
  spec,
  tries: state.tries,
  solo: state.crashes > 0,
  n: state.n,
  epoch: state.epoch,
  executor: -1,
  started: false,
  grantedAt: 0,
  startedAt: state.startedAt,
  twin: undefined,
  steps: 0,
  logs: 0,
  results: 0,
  pending: undefined,
  starts: undefined,
  maps: undefined,
  reopens: undefined,
  queued: false,
  counters: undefined,
  waits: false,
});

export type Copy = { readonly n: number; readonly epoch: number; readonly executor: number; started: boolean };

export type Waiter = { readonly client: number; readonly request: number };

/** Who follows a task: is told of log lines from `fromLog` on. */
export type Follower = Waiter & { readonly fromLog: number };

/** Those who follow a task, and the event of its state that they were told last. */
export type Followed = { followers: Follower[]; state: string };

/** An outcome on its way to a parent of the same partition; taken at the end of the same step. */
export type LocalOutcome = {
  readonly parent: ParentRef;
  readonly ok: number;
  readonly text: string;
  readonly runMs: number;
};

/** `kept`: the code of a task keeps it from answering. */
export type AnyExecutor = { readonly executor: number; readonly kept: boolean };

export type TaskSettings = {
  readonly partition: number;
  readonly partitions: number;
  /** Executors there are, that have this function (undefined: all have it): how many chunks a map keeps under way. */
  readonly executors: (name: string | undefined) => number;
  /**
   * An executor that wants work now and has this function (undefined: all have it), and has from then on one grant less to get;
   * undefined if none does.
   */
  readonly takeExecutor?: (name: string | undefined) => number | undefined;
  /** An executor, wanting work or not: one that answers, where there is one, else one that is kept, where there is one. */
  readonly anyExecutor?: () => AnyExecutor | undefined;
  /** What the executors that are there can run. What none can is kept for one that can. */
  readonly functionSets?: () => FunctionSets;
  /** What an executor can run. */
  readonly functionsOf?: (executor: number) => ReadonlySet<string>;
  readonly retentionMs: number;
  readonly retentionTasks: number;
  readonly queuedTasksMax: number;
  /** In [0, 1): jitter. What comes of it is recorded. */
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
};

export type Progress = { readonly done: number; readonly total: number; readonly message: string | undefined };

/** A finished task, as retention knows it. */
export type Finished = {
  readonly key: string;
  readonly finishedAt: number;
  /** Its one row is all there is of it, and stays until it is removed. */
  readonly bare: boolean;
  /** A client started it. */
  readonly own: boolean;
};

const policiesMax = 256;
const sets: FunctionSets = [];
const noSets = (): FunctionSets => sets;

export class TaskLeader {
  readonly settings: TaskSettings;
  readonly queue = new ReadyQueue();
  /** What came out of the queue for an executor that cannot run it. */
  readonly aside = new AsideTasks();
  /** A step has put aside as much as it may: the next one may find something for that executor. */
  asideStopped = false;
  readonly timers = new TimerHeap();
  /** Size of `timers` after those not wanted were last thrown out. */
  timersKept = 0;
  readonly live = new Map<string, Live>();
  readonly byAttempt = new Map<number, Live>();
  /** Attempts that earlier leaders noted, by epoch and n, of which nobody has said yet that it runs them: keys of their tasks. */
  readonly unnamed = new Map<string, string>();
  readonly waiters = new Map<string, Waiter[]>();
  readonly followed = new Map<string, Followed>();
  /** Followed tasks that have changed in this step; their followers are told at its end (`followers.ts`). */
  readonly changed = new Set<string>();
  readonly progress = new Map<string, Progress>();
  readonly counters = new TaskCounters();
  readonly gaps: FunctionGaps;
  /** Grows when anything changes that a list of tasks shows. */
  changes = 0;
  /** Finished tasks in order of finishing: without and with an idempotency key. */
  finished: Finished[] = [];
  finishedHead = 0;
  finishedWithKey: Finished[] = [];
  finishedWithKeyHead = 0;
  /** Entries of both that stand for nothing any more: `retry` made the task alive again. */
  finishedStale = 0;
  /** As in the row of `removedTable`; '' while nothing was removed. */
  newestRemoved = '';
  /** While the finished tasks of earlier leaders are collected: those that ended meanwhile. */
  finishedMeanwhile: Set<string> | undefined = undefined;
  readonly outcomes: LocalOutcome[] = [];
  epoch = 0;
  /**
   * Where the process of the leader before ended: what was there then, by record time, is suspected. The note of its first grant
   * may have been lost with that process, and its next one waits for the note.
   */
  suspectUpTo = Number.NEGATIVE_INFINITY;
  nextN = 1;
  /** Alive tasks (scheduled, queued, running, waiting). */
  alive = 0;
  #exclusive: Live | undefined = undefined;
  /** Tasks taken out of the queue that wait until the exclusive one is through. */
  #setAside: string[] = [];
  readonly #policies = new Map<string, TaskPolicy>();

  constructor(settings: TaskSettings) {
    this.settings = settings;
    this.gaps = new FunctionGaps(this.counters, settings.functionSets ?? noSets);
  }

  /** What an executor can run; undefined: whatever there may be. */
  namesToLookAt(executor: number): ReadonlySet<string> | undefined {
    return this.gaps.any ? this.settings.functionsOf?.(executor) : undefined;
  }

  /** How many tasks may be ready for an executor that can run these; undefined: all. */
  readyFor(names: ReadonlySet<string> | undefined): number {
    return this.queue.length + (this.aside.length === 0 ? 0 : this.aside.readyFor(names));
  }

  /** The task an executor's report is about, if its attempt still counts. */
  attempt(epoch: number, n: number): Live | undefined {
    const live = this.byAttempt.get(n);
    const named = live?.twin?.n === n ? live.twin : live;
    return named?.epoch === epoch ? live : undefined;
  }

  enter(live: Live): void {
    this.live.set(live.key, live);
    if (live.spec.kind !== grantKind.task) return;
    live.counters = this.counters.of(live.spec.name);
    live.counters.running++;
  }

  /** To be called where steps began or ceased to be pending. */
  noteWaiting(live: Live): void {
    const waits = live.pending !== undefined && live.pending.size > 0;
    if (waits === live.waits) return;
    live.waits = waits;
    if (live.counters !== undefined) live.counters.waiting += waits ? 1 : -1;
  }

  forget(live: Live): void {
    if (this.live.delete(live.key) && live.counters !== undefined) {
      live.counters.running--;
      if (live.waits) live.counters.waiting--;
    }
    if (this.byAttempt.get(live.n) === live) this.byAttempt.delete(live.n);
    if (live.twin !== undefined) this.byAttempt.delete(live.twin.n);
    this.endExclusive(live);
  }

  /** To be called where the state, the attempts or the steps of a task change. */
  noteChange(key: string): void {
    this.changes++;
    if (this.followed.size > 0 && this.followed.has(key)) this.changed.add(key);
  }

  /** A policy as it was recorded. Throws `VALUE_MALFORMED`. */
  policy(text: string | undefined): TaskPolicy {
    if (text === undefined) return defaultPolicy;
    let policy = this.#policies.get(text);
    if (policy === undefined) {
      policy = decodePolicy(text);
      // An app has a handful; whoever makes up new ones all the time gains nothing here.
      if (this.#policies.size >= policiesMax) this.#policies.clear();
      this.#policies.set(text, policy);
    }
    return policy;
  }

  /** Or may run: what runs is not known yet. */
  get exclusiveRuns(): boolean {
    return this.#exclusive !== undefined || this.unnamed.size > 0;
  }

  beginExclusive(live: Live): void {
    this.#exclusive = live;
  }

  setAside(key: string): void {
    this.#setAside.push(key);
  }

  /** Does nothing if `live` is not the exclusive one. */
  endExclusive(live: Live): void {
    if (this.#exclusive !== live) return;
    this.#exclusive = undefined;
    this.queueSetAside();
  }

  queueSetAside(): void {
    for (const key of this.#setAside.splice(0)) this.queue.push(key, 0, 0, true);
  }
}
