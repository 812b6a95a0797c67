/**
 * One attempt of a task or chunk in this executor: what its grant said, and where it stands.
 *
 *   queued ──► running ◄──► waiting          running: holds a slot; waiting: only steps can move it on, holds none
 *      │          │            │
 *      └──────────┴────────────┴──► ended    finished, cancelled, parked or given back: whatever it still does is ignored
 */

import { grantKind } from '../../tasks/messages.ts';
import type { Journal } from './journal.ts';
import type { MapRun } from './map-run.ts';

export type Phase = 'queued' | 'running' | 'waiting' | 'ended';

export class Attempt {
  /** Whose thread it reports to: the one that granted it, or the leader that took it over. */
  peer: number;
  // The grant.
  readonly partition: number;
  readonly epoch: number;
  readonly n: number;
  readonly id: string;
  readonly isChunk: boolean;
  /** Nothing that it does counts: see `rehearsal.ts`. */
  readonly isRehearsal: boolean;
  /** The node looks whether its executors answer. */
  readonly isCanary: boolean;
  readonly name: string;
  input: string;
  /** Attempts that failed before. */
  readonly tries: number;
  readonly solo: boolean;
  /** The time that the task's code sees (R1 in `determinism.ts`). */
  timeMs: number;
  readonly timeoutMs: number;
  readonly policyText: string | undefined;

  // Where it stands.
  phase: Phase = 'queued';
  /** True while it computes in slices without waiting for anything (a chunk of synchronous items). */
  busy = false;
  /** Whether it stands in line to be told its next result, and whether the journal is watched for a standstill. */
  inLine = false;
  watchedForStall = false;
  /** Whether the leader has been told that user code was entered. */
  startedSent = false;
  journal: Journal | undefined = undefined;
  maps: Map<string, MapRun> | undefined = undefined;
  /** Steps called whose result has not been told; functions of steps (and validations) that run now. */
  stepsOpen = 0;
  functionsRunning = 0;
  /** `stepResult`s that came: when it is parked, the leader learns from it whether one is still under way. */
  resultsReceived = 0;
  /** Results of functions reported and not yet told: they come as soon as they are durable. */
  recordsOpen = 0;
  /** Whether it gave its slot back for such a result. */
  recording = false;
  /** Something that only this memory knows is under way (a pause between tries of a step): it cannot be parked. */
  pausesOpen = 0;
  /** Since when it holds a slot or waits, and how long it held one before. */
  sinceMs = 0;
  heldMs = 0;
  /** When its time is up, on the monotonic clock (0: never), and how long that was. */
  deadlineMs = 0;
  limitMs = 0;
  /** To undo when it ends: timers. */
  private undo: (() => void)[] | undefined = undefined;
  private controller: AbortController | undefined = undefined;
  private abortReason: unknown = undefined;

  // Lines and progress.
  /** Lines that the leader has already; lines that the code has written in this attempt. */
  readonly linesRecorded: number;
  linesWritten = 0;
  progressSentMs = Number.NEGATIVE_INFINITY;
  progressPending: readonly [done: number, total: number, message: string | undefined] | undefined = undefined;
  progressTimer = false;

  /** `flat[at]` is the first field of a `grant`. */
  constructor(peer: number, flat: readonly unknown[], at: number) {
    this.peer = peer;
    this.partition = flat[at] as number;
    this.epoch = flat[at + 1] as number;
    this.n = flat[at + 2] as number;
    this.id = flat[at + 3] as string;
    this.isChunk = flat[at + 4] === grantKind.chunk;
    this.isCanary = flat[at + 4] === grantKind.canary;
    this.isRehearsal = flat[at + 4] === grantKind.rehearsal;
    this.name = flat[at + 5] as string;
    this.input = flat[at + 6] as string;
    this.tries = flat[at + 7] as number;
    this.solo = flat[at + 8] === 1;
    this.timeMs = flat[at + 9] as number;
    this.linesRecorded = flat[at + 10] as number;
    this.timeoutMs = flat[at + 11] as number;
    this.policyText = flat[at + 12] as string | undefined;
  }

  get ended(): boolean {
    return this.phase === 'ended';
  }

  /**
   * Whether something is on its way to or from its leader, or it has not begun: with a new leader it would have to ask again. But for
   * results of functions, if a new leader is told them again.
   */
  waitsForLeader(tellsAgain: boolean): boolean {
    if (this.phase === 'queued' || (this.recordsOpen > 0 && !tellsAgain)) return true;
    return this.stepsOpen > this.functionsRunning + this.pausesOpen + this.recordsOpen;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  abort(reason: unknown): void {
    this.abortReason = reason;
    this.controller?.abort(reason);
  }

  /** `cancel` is called when the attempt ends. Returns what forgets it again. */
  onEnd(cancel: () => void): () => void {
    this.undo ??= [];
    this.undo.push(cancel);
    return () => {
      const at = this.undo?.indexOf(cancel) ?? -1;
      if (at >= 0) this.undo?.splice(at, 1);
    };
  }

  /** Ends it and lets go of everything it held. */
  end(): void {
    this.phase = 'ended';
    this.busy = false;
    const undo = this.undo;
    this.undo = undefined;
    if (undo !== undefined) for (const cancel of undo) cancel();
    this.journal?.clear();
    this.maps = undefined;
    this.progressPending = undefined;
    this.input = '';
  }
}
