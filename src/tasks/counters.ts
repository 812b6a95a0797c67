/**
 * What became of the tasks of each name since this leader began, and how many there are now. Kept up to date with every change,
 * so that nobody has to count; in memory only. Chunks of maps are not tasks to who looks: their items are counted.
 */
import { limits } from '../limits.ts';
import { DurationCounts } from '../platform/histogram.ts';

export class FunctionCounters {
  started = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;
  failedAttempts = 0;
  /** Items of maps that are done. */
  items = 0;
  /** Now: unfinished ones, and of these those that wait for their time, and those that have an attempt or are parked. */
  alive = 0;
  scheduled = 0;
  running = 0;
  /** Of those running: they wait for steps alone. */
  waiting = 0;
  readonly runTime = new DurationCounts();
  readonly waitTime = new DurationCounts();
}

export class TaskCounters {
  readonly #byName = new Map<string, FunctionCounters>();
  #others: FunctionCounters | undefined;

  /** Grows with each name that was not seen before, as far as they are kept. */
  get namesCount(): number {
    return this.#byName.size + (this.#others === undefined ? 0 : 1);
  }

  /** Those of a name; beyond `limits.functionsCountedMax` names, one for all others. */
  of(name: string): FunctionCounters {
    let counters = this.#byName.get(name);
    if (counters !== undefined) return counters;
    if (this.#byName.size >= limits.functionsCountedMax) {
      this.#others ??= new FunctionCounters();
      return this.#others;
    }
    counters = new FunctionCounters();
    this.#byName.set(name, counters);
    return counters;
  }

  /** Undefined stands for all other names. */
  *all(): Generator<readonly [name: string | undefined, FunctionCounters]> {
    yield* this.#byName;
    if (this.#others !== undefined) yield [undefined, this.#others];
  }
}
