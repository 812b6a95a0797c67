/**
 * What is watched over a connection. A stream can be paused when its reader is slow: it then lets go of what it follows, and
 * when it goes on it takes up where it was. So whoever reads slowly costs no memory, misses no log line, and is told of states,
 * progress and lists only the newest.
 *
 * - S1 After `pause` or `stop` nothing is given out, whatever is still told to it.
 * - S2 A stream ends once, with `end`, and gives nothing out after it.
 */
import { eventTypeOf } from '../protocol/event-type.ts';
import type { Backend } from './backend.ts';

export interface Stream {
  /** Begins, or goes on. */
  resume(): void;
  pause(): void;
  stop(): void;
}

/** Where a stream's items go. */
export type StreamSink = { event(text: string): void; end(error?: unknown): void };

/** The events of a task. Takes up behind the last log line that it gave out. */
export class FollowStream implements Stream {
  readonly #backend: Backend;
  readonly #id: string;
  readonly #sink: StreamSink;
  #nextLog: number;
  /** Counts what was begun: what an earlier following still tells is dropped. */
  #generation = 0;
  #off: (() => void) | undefined;

  constructor(backend: Backend, id: string, fromLog: number, sink: StreamSink) {
    this.#backend = backend;
    this.#id = id;
    this.#nextLog = fromLog;
    this.#sink = sink;
  }

  /** Index of the first log line that was not given out. */
  get nextLog(): number {
    return this.#nextLog;
  }

  resume(): void {
    const generation = ++this.#generation;
    const live = (): boolean => generation === this.#generation;
    const end = (error?: unknown): void => {
      if (!live()) return;
      this.stop();
      this.#sink.end(error);
    };
    const take = (text: string): void => {
      if (!live()) return;
      if (eventTypeOf(text) === 'log') this.#nextLog++;
      this.#sink.event(text);
    };
    try {
      const off = this.#backend.follow(this.#id, this.#nextLog, { take, end });
      if (live()) this.#off = off;
      else off();
    } catch (error) {
      end(error);
    }
  }

  pause(): void {
    this.stop();
  }

  stop(): void {
    this.#generation++;
    const off = this.#off;
    this.#off = undefined;
    off?.();
  }
}

/**
 * A text that is asked for again whenever it may have changed, and given out where it has: one request at a time, however often
 * it changes.
 */
export class ChangingStream implements Stream {
  readonly #read: () => Promise<string>;
  readonly #watch: (changed: () => void, end: (error?: Error) => void) => () => void;
  readonly #sink: StreamSink;
  #off: (() => void) | undefined;
  #last: string | undefined;
  #stale = false;
  #reading = false;
  #paused = true;

  constructor(
    read: () => Promise<string>,
    watch: (changed: () => void, end: (error?: Error) => void) => () => void,
    sink: StreamSink,
  ) {
    this.#read = read;
    this.#watch = watch;
    this.#sink = sink;
  }

  resume(): void {
    this.#paused = false;
    this.#off ??= this.#watch(
      () => this.#changed(),
      (error) => this.#end(error),
    );
    this.#changed();
  }

  pause(): void {
    this.#paused = true;
  }

  stop(): void {
    this.#paused = true;
    const off = this.#off;
    this.#off = undefined;
    off?.();
  }

  #changed(): void {
    this.#stale = true;
    if (this.#reading || this.#paused) return;
    this.#stale = false;
    this.#reading = true;
    this.#read().then(
      (text) => {
        this.#reading = false;
        // What was read while it was paused is read anew when it goes on.
        if (this.#paused) return;
        if (text !== this.#last) {
          this.#last = text;
          this.#sink.event(text);
        }
        if (this.#stale) this.#changed();
      },
      (error: unknown) => {
        this.#reading = false;
        if (!this.#paused) this.#end(error);
      },
    );
  }

  #end(error?: unknown): void {
    const open = this.#off !== undefined;
    this.stop();
    if (open) this.#sink.end(error);
  }
}
