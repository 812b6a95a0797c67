/**
 * What happens inside an executor thread, without the thread: grants in, reports out, both in flat arrays
 * (`tasks/messages.ts`). It runs user code, one piece after the other:
 *
 *   pump ──► take the next piece ──► enter user code ──► (its microtasks run out) ──► look at what it touched ──► pump
 *
 * E1  At most `slots` attempts hold one. One that waits for steps alone holds none, and goes on ahead of new ones.
 * E2  A second attempt starts only while the event loop answers within `secondTaskLoopDelayMs`; a solo one runs alone.
 * E3  Results are told one at a time, and the code they wake runs out before the next is told: its order is its journal's.
 * E4  Nothing that an ended attempt does is sent.
 * E5  At least every `turnMs` the event loop turns.
 * E6  What is reported is sent when nothing is left to do at once, within `flushMs` while there is, and before entering code
 *     that is not known to be short.
 */

import type { AppCatalogue } from '../../app/catalogue-of-app.ts';
import { taskFailure } from '../../errors/task-failure.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';
import { type Flat, fromExecutor, toExecutor, toExecutorArity } from '../../tasks/messages.ts';
import { encodeError } from '../../values/codec.ts';
import { Appetite } from './appetite.ts';
import { Attempt } from './attempt.ts';
import { AttemptTable } from './attempt-table.ts';
import { runChunk } from './chunk-run.ts';
import { Deadlines } from './deadlines.ts';
import type { ExecutorOptions } from './executor-options.ts';
import { Fifo } from './fifo.ts';
import type { Host, Watch } from './host.ts';
import { Journal } from './journal.ts';
import { LeaderLinks } from './leader-links.ts';
import { sendProgress } from './lines.ts';
import { LoopProbe } from './loop-probe.ts';
import { mapResult, mapWanted } from './map-run.ts';
import { inRootContext } from './scope.ts';
import { Slots } from './slots.ts';
import { StallWatch } from './stall-watch.ts';
import { Takeover } from './takeover.ts';
import { definitionOf, isRetryable, runTask } from './task-run.ts';
import { WaitingRoom } from './waiting-room.ts';

const turnMs = 10;
const flushMs = 1;
/** Before code that may take longer than this, what there is to tell is sent. */
const shortMs = 2;

export class ExecutorCore implements Host {
  readonly env: Env;
  readonly app: AppCatalogue;
  readonly watch: Watch | undefined;
  private readonly slotCount: number;
  private readonly slots: Slots;
  private readonly links: LeaderLinks;
  private readonly attempts = new AttemptTable();
  private readonly appetite = new Appetite();
  private readonly takeover: Takeover;
  private readonly waiting: WaitingRoom;
  private readonly stalls: StallWatch;
  private readonly deadlines: Deadlines;
  private readonly loop: LoopProbe;
  /** Grants not started. */
  private readonly queue = new Fifo<Attempt>();
  /** Attempts to be told a result: those that hold a slot, and those that need one. */
  private readonly going = new Fifo<Attempt>();
  private readonly ready = new Fifo<Attempt>();
  private touched: Attempt[] = [];

  private scheduled = false;
  private turnStartMs = 0;
  private flushedMs = 0;
  private rested: (() => void) | undefined;

  constructor(options: ExecutorOptions) {
    this.env = options.env;
    this.app = options.app;
    this.watch = options.watch;
    this.slotCount = options.slots ?? limits.slotsPerExecutor;
    this.links = new LeaderLinks(options.send, options.keepsReports === true);
    this.takeover = new Takeover(this.attempts, this.links, options.env, (attempt, why) =>
      this.letGo(attempt, 'TASK_CANCELLED', why),
    );
    this.waiting = new WaitingRoom(options.env, (attempt) => this.park(attempt));
    this.stalls = new StallWatch(this);
    this.deadlines = new Deadlines((earliest) => this.watch?.deadline(earliest));
    this.slots = new Slots(options.env, this.deadlines, this.slotCount);
    this.loop = new LoopProbe(this, () => this.schedule());
  }

  /** A leader's thread is there, maybe on another node; it is asked for work at once. */
  addPeer(peer: number, remote = false): void {
    this.links.add(peer, remote);
    this.schedule();
  }

  /** A leader's thread is gone. What it granted goes on for a while: the next leader may take it over. */
  dropPeer(peer: number): void {
    this.takeover.peerGone(peer);
    this.schedule();
  }

  /** It takes no new work. `rested` is called when no code runs any more; what waits for steps alone may wait. */
  rest(rested: () => void): void {
    this.links.rest();
    this.rested = rested;
    this.schedule();
  }

  /** The node closes: everything is let go of, and goes on when it is opened again. */
  close(): void {
    this.sendReports();
    this.links.dropAll();
    for (const attempt of [...this.attempts]) this.letGo(attempt, 'CLOSED', 'the node closes');
  }

  private letGo(attempt: Attempt, code: 'TASK_CANCELLED' | 'CLOSED', why: string): void {
    attempt.abort(new TuttiError(code, `Task ${attempt.id} stops here, because ${why}; it will run again.`));
    this.end(attempt);
  }

  /** Messages of a leader's thread. */
  receive(peer: number, flat: Flat): void {
    this.turnStartMs = this.env.clock.monotonic();
    for (let at = 0; at < flat.length; ) {
      const op = flat[at] as keyof typeof toExecutorArity;
      if (op === toExecutor.grant) this.granted(peer, flat, at + 1);
      else if (op === toExecutor.rollCall || op === toExecutor.taken) this.takeover.told(peer, flat, at);
      else this.told(op, flat, at + 1);
      at += 1 + toExecutorArity[op];
    }
    if (!this.scheduled) this.pump();
  }

  private granted(peer: number, flat: Flat, at: number): void {
    const attempt = new Attempt(peer, flat, at);
    if (this.attempts.outdated(attempt.partition, attempt.epoch) || this.links.answersCanary(attempt)) return;
    const entries = flat[at + 13] as Flat | undefined;
    if (entries !== undefined) attempt.journal = new Journal(entries, attempt.isChunk);
    this.attempts.add(attempt);
    this.queue.push(attempt);
    this.links.granted(attempt);
  }

  private told(op: number, flat: Flat, at: number): void {
    const attempt = this.attempts.find(flat[at] as number, flat[at + 1] as number, flat[at + 2] as number);
    // Finished, parked or given back meanwhile: the leader will see our message.
    if (attempt === undefined) return;
    const key = flat[at + 3] as string;
    switch (op) {
      case toExecutor.stepResult:
        attempt.resultsReceived++;
        if (attempt.journal?.result(key, flat[at + 4] === 1, flat[at + 5] as string, flat[at + 6] as number) !== true)
          break;
        if (flat[at + 4] !== 1) attempt.maps?.delete(key);
        this.touch(attempt);
        break;
      case toExecutor.mapWant:
        this.waiting.refresh(attempt);
        mapWanted(attempt, key, flat[at + 4] as number, flat[at + 5] as number[]);
        break;
      case toExecutor.mapResult:
        this.waiting.refresh(attempt);
        mapResult(attempt, key, flat[at + 4] as number, flat[at + 5] as number, flat[at + 6] as string);
        this.touch(attempt);
        break;
      case toExecutor.cancel:
        attempt.abort(
          new TuttiError('TASK_CANCELLED', `Task ${attempt.id} was ${key}`, { details: { id: attempt.id } }),
        );
        this.end(attempt);
        break;
      case toExecutor.revoke:
        if (attempt.phase !== 'queued') break;
        this.links.report(attempt, fromExecutor.returned, []);
        this.end(attempt);
        break;
    }
  }

  // What attempts ask for (Host).

  send(attempt: Attempt, op: number, ...fields: readonly unknown[]): void {
    if (attempt.ended) return;
    this.links.reportStarted(attempt);
    this.links.report(attempt, op, fields);
    this.schedule();
  }

  touch(attempt: Attempt): void {
    this.touched.push(attempt);
    this.schedule();
  }

  finish(attempt: Attempt, text: string): void {
    if (attempt.ended) return;
    sendProgress(this, attempt);
    this.links.report(attempt, fromExecutor.done, [text, this.measure(attempt)]);
    this.end(attempt);
  }

  fail(attempt: Attempt, thrown: unknown, retryable: boolean): void {
    if (attempt.ended) return;
    sendProgress(this, attempt);
    const text = encodeError(taskFailure(thrown, attempt.name, attempt.id));
    this.links.report(attempt, fromExecutor.failed, [text, retryable ? 1 : 0, this.measure(attempt)]);
    this.end(attempt);
  }

  /** Something that belongs to an attempt was thrown past all its code. False: the attempt has ended before. */
  strayed(attempt: Attempt, thrown: unknown): boolean {
    if (attempt.ended) return false;
    this.fail(attempt, thrown, isRetryable(thrown));
    return true;
  }

  /** Sends what there is to tell now: the thread is about to end. */
  sendReports(): void {
    this.links.flush(0);
  }

  setLimit(attempt: Attempt, limitMs: number): void {
    this.deadlines.set(attempt, this.env.clock.monotonic(), limitMs);
    if (limitMs > 0) this.watch?.entered(attempt);
  }

  afterTurn(go: () => void): void {
    const turned = (): void => {
      this.turnStartMs = this.env.clock.monotonic();
      go();
      this.schedule();
    };
    // The first may come before the loop has looked for messages (it stands between the two); the second does not.
    setImmediate(() => setImmediate(inRootContext(turned)));
  }

  slice(attempt: Attempt, go: () => void): void {
    this.slots.beginSlice(attempt);
    this.appetite.blocking = true;
    this.afterTurn(() => {
      this.slots.endSlice(attempt);
      if (!attempt.ended) go();
      this.touch(attempt);
    });
  }

  // The pump.

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A tick that is queued by a microtask runs when no microtask is left (E3).
    queueMicrotask(() => process.nextTick(this.pumpInRoot));
  }

  private readonly pumpInRoot = inRootContext(() => this.pump());

  private pump(): void {
    this.scheduled = true;
    const pausing = this.runPieces();
    this.scheduled = false;
    if (pausing) this.schedule();
  }

  /** Runs pieces until one has to run out first (true), or nothing is left to do now (false). */
  private runPieces(): boolean {
    for (;;) {
      this.lookAtTouched();
      const nowMs = this.env.clock.monotonic();
      if (nowMs - this.turnStartMs > turnMs) {
        this.flush(nowMs);
        this.watch?.idle(this.slots.running);
        this.afterTurn(() => undefined);
        return false;
      }
      if (nowMs - this.flushedMs > flushMs && this.links.anythingUnsent) this.flush(nowMs);
      const waking = this.takeWaking();
      if (waking !== undefined) {
        this.tell(waking, nowMs);
        return true;
      }
      const attempt = this.takeGrant(nowMs);
      if (attempt === undefined) {
        this.flush(nowMs);
        this.watch?.idle(this.slots.running);
        if (this.slots.running === 0 && this.queue.peek() === undefined) this.rested?.();
        return false;
      }
      if (!this.enter(attempt, nowMs)) return true;
    }
  }

  private flush(nowMs: number): void {
    this.flushedMs = nowMs;
    const crowded = this.slots.crowded || this.loop.slow;
    this.links.flush(this.appetite.target(this.slotCount, this.slots.running, crowded));
  }

  private lookAtTouched(): void {
    if (this.touched.length === 0) return;
    const touched = this.touched;
    this.touched = [];
    for (const attempt of touched) this.lookAt(attempt);
  }

  /** Finds out where an attempt stands whose code has run out. */
  private lookAt(attempt: Attempt): void {
    if (attempt.ended || attempt.inLine || attempt.phase === 'queued') return;
    if (attempt.journal?.tellable() !== undefined) {
      attempt.inLine = true;
      this.waiting.leave(attempt);
      (attempt.phase === 'running' ? this.going : this.ready).push(attempt);
      return;
    }
    const waits = attempt.functionsRunning === 0 && !attempt.busy && attempt.stepsOpen + attempt.pausesOpen > 0;
    if (waits) {
      this.slots.giveBack(attempt);
      this.waiting.enter(attempt);
    } else this.takeSlot(attempt, this.env.clock.monotonic());
    this.stalls.look(attempt);
  }

  private takeSlot(attempt: Attempt, nowMs: number): void {
    this.waiting.leave(attempt);
    this.slots.take(attempt, nowMs);
  }

  /** The next attempt that can go on: one that holds a slot, else one that there is a slot for. */
  private takeWaking(): Attempt | undefined {
    for (let next = this.going.shift(); next !== undefined; next = this.going.shift()) if (!next.ended) return next;
    for (let next = this.ready.peek(); next !== undefined; next = this.ready.peek()) {
      if (next.ended) this.ready.shift();
      else return this.slots.mayGoOn(next) ? this.ready.shift() : undefined;
    }
    return undefined;
  }

  /** Tells an attempt its next result. */
  private tell(attempt: Attempt, nowMs: number): void {
    attempt.inLine = false;
    this.takeSlot(attempt, nowMs);
    this.touch(attempt);
    const { journal } = attempt;
    const step = journal?.tellable();
    if (journal === undefined || step === undefined) return;
    this.watch?.entered(attempt);
    journal.told(step);
    step.tell?.(step);
    journal.releaseHeld();
  }

  private takeGrant(nowMs: number): Attempt | undefined {
    for (let next = this.queue.peek(); next !== undefined; next = this.queue.peek()) {
      if (next.ended) this.queue.shift();
      else return this.mayStart(next, nowMs) ? this.queue.shift() : undefined;
    }
    return undefined;
  }

  private mayStart(attempt: Attempt, nowMs: number): boolean {
    const may = this.slots.mayStart(attempt);
    return may === 'alone' || (may === 'beside' && this.loop.isGood(nowMs));
  }

  /** Enters the code of a grant. True: it ended at once. */
  private enter(attempt: Attempt, nowMs: number): boolean {
    this.links.unqueued(attempt, true);
    this.takeSlot(attempt, nowMs);
    const definition = definitionOf(this, attempt);
    if (definition === undefined) return true;
    if (attempt.isChunk || !this.appetite.isShort(attempt.name, shortMs)) this.flush(nowMs);
    this.watch?.entered(attempt);
    const ended = attempt.isChunk ? runChunk(this, attempt, definition) : runTask(this, attempt, definition);
    if (!ended) this.touch(attempt);
    if (!attempt.busy) this.appetite.blocking = this.env.clock.monotonic() - nowMs > limits.secondTaskLoopDelayMs;
    return ended;
  }

  /** How long the attempt held a slot, in milliseconds. */
  private measure(attempt: Attempt): number {
    const ms = this.slots.heldMs(attempt);
    this.appetite.measured(attempt.name, ms);
    return Math.round(ms * 1_000) / 1_000;
  }

  private park(attempt: Attempt): void {
    this.send(attempt, fromExecutor.park, attempt.resultsReceived);
    this.end(attempt);
  }

  private end(attempt: Attempt): void {
    if (attempt.ended) return;
    if (attempt.phase === 'queued') this.links.unqueued(attempt, false);
    this.slots.leave(attempt);
    this.waiting.leave(attempt);
    this.attempts.delete(attempt);
    attempt.end();
    this.deadlines.moved(attempt);
    this.schedule();
  }
}
