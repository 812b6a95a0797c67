/**
 * What the node thread sees of an executor without asking it, also while it does not answer: when its event loop last
 * turned, whose code it entered last, and when that must be through.
 *
 * Times are milliseconds of the process's monotonic clock, which all threads share; readers get them as wall-clock times.
 * A block of several words is written between two increments of its first word, so that a reader never mixes two writes.
 */

import type { LoopDelay } from '../../protocol/overview.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptName } from './control.ts';
import type { Watch } from './host.ts';

// Words of a block: sequence, set, partition, epoch (2), n (2), deadline (2), timeout (2).
const blockWords = 11;
const heartbeatWord = 0;
/** The attempt whose code was entered last. */
const runningBlock = 1;
/** Of the attempts that hold a slot, the one whose time is up first. */
const earliestBlock = runningBlock + blockWords;
/** How late its event loop is: three words, in hundredths of a millisecond. */
const loopDelayWord = earliestBlock + blockWords;
/** How many attempts held a slot when no user code ran last. */
const holdingWord = loopDelayWord + 3;
const words = holdingWord + 1;

const readsMax = 1_000;

export const createSharedState = (): SharedArrayBuffer => new SharedArrayBuffer(words * 4);

const sharedNowMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
};

const storeNumber = (view: Int32Array, at: number, value: number): void => {
  Atomics.store(view, at, Math.floor(value / 2 ** 32));
  Atomics.store(view, at + 1, value);
};

const loadNumber = (view: Int32Array, at: number): number =>
  Atomics.load(view, at) * 2 ** 32 + (Atomics.load(view, at + 1) >>> 0);

/** The executor's end. */
export class SharedWatch implements Watch {
  private readonly view: Int32Array;
  private readonly monotonic: () => number;
  private idleKnown = true;
  private holding = 0;

  constructor(shared: SharedArrayBuffer, monotonic: () => number) {
    this.view = new Int32Array(shared);
    this.monotonic = monotonic;
    this.beat();
  }

  /** The event loop turned. */
  beat(): void {
    Atomics.store(this.view, heartbeatWord, sharedNowMs());
  }

  /** How late it is at other times. */
  late({ p50Ms, p99Ms, maxMs }: LoopDelay): void {
    for (const [at, ms] of [p50Ms, p99Ms, maxMs].entries()) Atomics.store(this.view, loopDelayWord + at, ms * 100);
  }

  entered(attempt: Attempt): void {
    this.idleKnown = false;
    this.write(runningBlock, attempt);
  }

  idle(holding: number): void {
    // First: between the two it would seem that nothing runs.
    if (holding !== this.holding) Atomics.store(this.view, holdingWord, holding);
    this.holding = holding;
    if (this.idleKnown) return;
    this.idleKnown = true;
    this.write(runningBlock, undefined);
  }

  deadline(attempt: Attempt | undefined): void {
    this.write(earliestBlock, attempt);
  }

  private write(block: number, attempt: Attempt | undefined): void {
    const { view } = this;
    Atomics.add(view, block, 1);
    Atomics.store(view, block + 1, attempt === undefined ? 0 : attempt.deadlineMs > 0 ? 2 : 1);
    if (attempt !== undefined) {
      Atomics.store(view, block + 2, attempt.partition);
      storeNumber(view, block + 3, attempt.epoch);
      storeNumber(view, block + 5, attempt.n);
      if (attempt.deadlineMs > 0) {
        storeNumber(view, block + 7, Math.ceil(sharedNowMs() + attempt.deadlineMs - this.monotonic()));
        storeNumber(view, block + 9, attempt.limitMs);
      }
    }
    Atomics.add(view, block, 1);
  }
}

export type Deadline = { readonly at: number; readonly attempt: AttemptName; readonly timeoutMs: number };

/** The node thread's end. Times it gives are wall-clock milliseconds, as `Date.now()` counts them. */
export class ExecutorView {
  private readonly view: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.view = new Int32Array(shared);
  }

  loopDelay(): LoopDelay {
    const [p50Ms, p99Ms, maxMs] = [0, 1, 2].map((at) => Atomics.load(this.view, loopDelayWord + at) / 100);
    return { p50Ms, p99Ms, maxMs } as LoopDelay;
  }

  /** When the executor's event loop last turned; it does so every 100 ms or so while it answers. */
  heartbeatAt(): number {
    // Read before the clock is: the other way round a beat in between would seem to be one of 49 days ago.
    const beatMs = Atomics.load(this.view, heartbeatWord) >>> 0;
    const ageMs = (sharedNowMs() - beatMs) % 2 ** 32;
    return Date.now() - (ageMs < 0 ? ageMs + 2 ** 32 : ageMs);
  }

  /**
   * The attempt whose code was entered last, if its executor has not turned to anything else since. Undefined where nothing
   * was entered, and where code goes on that waited for something outside of its steps.
   */
  running(): AttemptName | undefined {
    return this.read(runningBlock)?.attempt;
  }

  /** Whether, if its executor does not answer, code of a task is why: what was entered last, or what held a slot and went on by itself. */
  isKept(): boolean {
    return this.running() !== undefined || Atomics.load(this.view, holdingWord) > 0;
  }

  /** When the code that runs must be through: that of the attempt known to run, else the earliest of all that may run. */
  earliestDeadline(): Deadline | undefined {
    const running = this.read(runningBlock);
    return running === undefined ? this.read(earliestBlock)?.deadline : running.deadline;
  }

  private read(block: number): { readonly attempt: AttemptName; readonly deadline: Deadline | undefined } | undefined {
    const { view } = this;
    for (let tries = 0; tries < readsMax; tries++) {
      const sequence = Atomics.load(view, block);
      const set = Atomics.load(view, block + 1);
      const attempt = {
        partition: Atomics.load(view, block + 2),
        epoch: loadNumber(view, block + 3),
        n: loadNumber(view, block + 5),
      };
      const atMs = loadNumber(view, block + 7);
      const timeoutMs = loadNumber(view, block + 9);
      if (sequence % 2 !== 0 || Atomics.load(view, block) !== sequence) continue;
      if (set === 0) return undefined;
      const deadline = set === 1 ? undefined : { at: Date.now() + atMs - sharedNowMs(), attempt, timeoutMs };
      return { attempt, deadline };
    }
    return undefined;
  }
}
