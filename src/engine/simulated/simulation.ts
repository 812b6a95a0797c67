/**
 * A world in one thread: a virtual clock, one queue of events, and chance from one seed. The same seed gives the same run, byte
 * for byte; `digest` tells whether two runs were the same. (The idea: FoundationDB's simulator, Zhou et al., SIGMOD 2021.)
 *
 * E1  One event runs at a time, and all microtasks and ticks that it began have run out before the next one. One that returns
 *     `through` has begun none.
 * E2  What was begun for a life that has ended does not run: neither its events nor (as their promises never settle) what
 *     waits for them.
 * E3  The time of the world does not pass while code runs.
 */
import { type SeededRandom, seededRandom } from '../../values/hash.ts';
import { EventHeap, type Happening, type ScheduledEvent, through } from './event-heap.ts';
import { realSetImmediate } from './real-time.ts';
import type { Watcher } from './watcher.ts';

/** One run of one node, from its start to its end or crash. */
export class Life {
  readonly name: string;
  alive = true;
  #endings: (() => void)[] = [];
  #stalledUntilMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Nothing of it happens before this time: its process was stopped, or its thread is kept busy. */
  get stalledUntilMs(): number {
    return this.#stalledUntilMs;
  }

  /** A stall that is under way is not cut short: what waits for its end would be overtaken. */
  stallUntil(untilMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, untilMs);
  }

  /** Ends it at once; what it was about to do does not happen. */
  end(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const ending of this.#endings.splice(0)) ending();
  }

  /** `ending` is called when this life ends. */
  onEnd(ending: () => void): void {
    if (this.alive) this.#endings.push(ending);
    else ending();
  }
}

const eventsPerTurn = 64;

export class Simulation {
  readonly seed: string;
  /** Milliseconds since the world began, in steps of a microsecond. */
  nowMs = 0;
  eventCount = 0;
  watcher: Watcher | undefined;
  readonly #heap = new EventHeap();
  readonly #faults: unknown[] = [];
  #current: Life | undefined;
  #digestA = 0x243f6a88;
  #digestB = 0x85a308d3;

  constructor(seed: string) {
    this.seed = seed;
  }

  /** A source of chance of its own for each name: drawing more from one does not change what another gives. */
  random(name: string): SeededRandom {
    return seededRandom(`${this.seed}/${name}`);
  }

  /** Whose event runs now. */
  get current(): Life | undefined {
    return this.#current;
  }

  /** Plans an event; `life` undefined: it happens whoever lives. Returns what cancels it. */
  after(delayMs: number, life: Life | undefined, kind: string, run: Happening): () => void {
    const event = this.plan(delayMs, life, kind, run);
    return () => {
      event.run = undefined;
    };
  }

  /** The same for what is never cancelled. */
  plan(delayMs: number, life: Life | undefined, kind: string, run: Happening): ScheduledEvent {
    const atMs = this.nowMs + Math.max(0, Math.round(delayMs * 1_000) / 1_000);
    const event: ScheduledEvent = { atMs, dueMs: atMs, order: 0, life, kind, run };
    this.#heap.push(event);
    return event;
  }

  /** Mixes something that happened into the digest. */
  note(kind: string, detail: string): void {
    this.#mixText(kind);
    this.#mixText(detail);
  }

  /** Something happened to whoever runs now: mixed into the digest, and shown to who looks on. */
  tell(kind: string, detail: string): void {
    this.note(kind, detail);
    this.watcher?.happened(this.#current?.name, kind, detail);
  }

  /** Something was thrown that nobody caught: the run ends with it. */
  fail(error: unknown): void {
    this.#faults.push(error);
  }

  get digest(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#digestA) + hex(this.#digestB);
  }

  /** Events that are planned, cancelled ones and those of ended lives left out. */
  get planned(): number {
    return this.#heap.count((event) => event.run !== undefined && event.life?.alive !== false);
  }

  /**
   * Lets the world go on until `untilMs`, or until `enough` says so (asked after each event), or nothing is planned. Rejects
   * with what was given to `fail`.
   */
  run(untilMs: number, enough: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      let over = false;
      let left = 0;
      const turn = (): void => {
        for (let isThrough = true; isThrough && !over; ) {
          isThrough = false;
          if (this.#faults.length > 0) {
            over = true;
            reject(this.#faults[0]);
          } else {
            const happened = enough() ? undefined : this.#step(untilMs);
            isThrough = happened === 'through';
            over = happened === undefined;
            if (over) resolve();
          }
          if (over) this.#current = undefined;
        }
        // All immediates of one turn of the real loop run one after the other, with what each began in between.
        if (--left === 0 && !over) plan();
      };
      const plan = (): void => {
        left = eventsPerTurn;
        for (let count = 0; count < eventsPerTurn; count++) realSetImmediate(turn);
      };
      plan();
    });
  }

  /** Runs one event; undefined if none is due by `untilMs`. */
  #step(untilMs: number): 'through' | 'happened' | undefined {
    this.#current = undefined;
    for (;;) {
      const event = this.#heap.peek();
      if (event === undefined || event.atMs > untilMs) {
        if (Number.isFinite(untilMs)) this.nowMs = Math.max(this.nowMs, untilMs);
        return undefined;
      }
      this.#heap.pop();
      const { run, life, kind } = event;
      if (run === undefined || life?.alive === false) continue;
      if (life !== undefined && life.stalledUntilMs > event.atMs) {
        event.atMs = life.stalledUntilMs;
        this.#heap.push(event);
        continue;
      }
      this.nowMs = event.atMs;
      this.eventCount++;
      this.#mix(Math.round(event.atMs * 1_000) | 0);
      this.#mixText(kind);
      this.#current = life;
      try {
        if (run() === through) return 'through';
      } catch (error) {
        this.fail(error);
      }
      return 'happened';
    }
  }

  #mix(word: number): void {
    this.#digestA = Math.imul(this.#digestA ^ word, 0x9e3779b1);
    this.#digestA ^= this.#digestA >>> 15;
    this.#digestB = Math.imul(((this.#digestB << 7) | (this.#digestB >>> 25)) ^ this.#digestA, 0x85ebca6b);
  }

  #mixText(text: string): void {
    // In locals: a private field costs a look-up each time, and every event has a text.
    let a = this.#digestA;
    let b = this.#digestB;
    for (let at = 0; at < text.length; at++) {
      a = Math.imul(a ^ text.charCodeAt(at), 0x9e3779b1);
      a ^= a >>> 15;
      b = Math.imul(((b << 7) | (b >>> 25)) ^ a, 0x85ebca6b);
    }
    this.#digestA = a;
    this.#digestB = b;
  }
}
