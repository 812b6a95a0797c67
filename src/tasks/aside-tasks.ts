/**
 * Tasks that came to the head of the queue when an executor wanted work that does not have their function: another version of the
 * app is behind it. They lie by name, so that the queue goes on and whoever has the function takes them in their order. What nobody
 * has waits here for who comes. Each task is moved here once, and nothing is moved when executors come or go.
 */
import { ReadyQueue, type Standing } from './ready-queue.ts';

/** Of fewer entries it is not asked which are of tasks that were cancelled meanwhile. */
const keptUnasked = 1_024;

export class AsideTasks {
  readonly #byName = new Map<string, ReadyQueue>();
  #length = 0;
  /** After those of cancelled tasks were last thrown out. */
  #lengthThen = 0;

  /** Entries, those of tasks cancelled meanwhile included. */
  get length(): number {
    return this.#length;
  }

  count(name: string): number {
    return this.#byName.get(name)?.length ?? 0;
  }

  names(): Iterable<string> {
    return this.#byName.keys();
  }

  *firstOfEach(): Generator<string> {
    for (const queue of this.#byName.values()) yield* queue.firstOfEach();
  }

  /** `isAlive`: whether the task of a key is there still. */
  push(name: string, key: string, standing: Standing, isAlive: (key: string) => boolean): void {
    let queue = this.#byName.get(name);
    if (queue === undefined) {
      queue = new ReadyQueue();
      this.#byName.set(name, queue);
    }
    queue.pushAs(key, standing);
    this.#length++;
    if (this.#length > keptUnasked && this.#length > 2 * this.#lengthThen) this.#keep(isAlive);
  }

  #keep(isAlive: (key: string) => boolean): void {
    this.#length = 0;
    for (const [name, queue] of this.#byName) {
      queue.keep(isAlive);
      this.#length += queue.length;
      if (queue.length === 0) this.#byName.delete(name);
    }
    this.#lengthThen = this.#length;
  }

  /** How many there are for one that has these functions; undefined: it has all. */
  readyFor(names: ReadonlySet<string> | undefined): number {
    if (names === undefined || this.#length === 0) return this.#length;
    let ready = 0;
    for (const [name, queue] of this.#byName) if (names.has(name)) ready += queue.length;
    return ready;
  }

  /** The key of the next task for one that has these functions, if it stands before `other`: taken out. */
  takeBefore(
    names: ReadonlySet<string> | undefined,
    acknowledged: number,
    other: Standing | undefined,
  ): string | undefined {
    let best: { readonly name: string; readonly queue: ReadyQueue; readonly next: Standing } | undefined;
    for (const [name, queue] of this.#byName) {
      if (names !== undefined && !names.has(name)) continue;
      const next = queue.next(acknowledged);
      if (next !== undefined && (best === undefined || isBefore(next, best.next))) best = { name, queue, next };
    }
    if (best === undefined || (other !== undefined && isBefore(other, best.next))) return undefined;
    this.#length--;
    const key = best.queue.take(acknowledged);
    if (best.queue.length === 0) this.#byName.delete(best.name);
    return key;
  }
}

const isBefore = (one: Standing, other: Standing): boolean =>
  one.rank === other.rank ? one.position < other.position : one.rank > other.rank;
