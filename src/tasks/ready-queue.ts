/**
 * The tasks that could run now, in the order in which they should: tasks that go on (they waited for a step) before new
 * ones, then by priority (higher first), then first come first served. In the leader's memory only; a new leader makes it
 * again from the rows.
 *
 * Each entry carries the log position at which it became ready. It is taken only once that position is acknowledged, so that
 * nothing runs before what asked for it is durable.
 */

/** First in, first out; taking is amortised constant. Two arrays and no objects: a million tasks may wait. */
class Fifo {
  #keys: string[] = [];
  #positions: number[] = [];
  #head = 0;

  push(key: string, position: number): void {
    this.#keys.push(key);
    this.#positions.push(position);
  }

  /** The first one's position; undefined if there is none. */
  get position(): number | undefined {
    return this.#positions[this.#head];
  }

  get first(): string | undefined {
    return this.#keys[this.#head];
  }

  /** Throws out what is not to be kept; returns how many that were. */
  keep(isKept: (key: string) => boolean): number {
    const [keys, positions]: [string[], number[]] = [[], []];
    for (let at = this.#head; at < this.#keys.length; at++) {
      const key = this.#keys[at] as string;
      if (!isKept(key)) continue;
      keys.push(key);
      positions.push(this.#positions[at] as number);
    }
    const dropped = this.#keys.length - this.#head - keys.length;
    this.#keys = keys;
    this.#positions = positions;
    this.#head = 0;
    return dropped;
  }

  shift(): string {
    const key = this.#keys[this.#head] as string;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#keys.length) {
      this.#keys = this.#keys.slice(this.#head);
      this.#positions = this.#positions.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }
}

/** Where an entry stands: the higher rank first (what goes on before what is new, then by priority), then the lower position. */
export type Standing = { readonly rank: number; readonly position: number };

/** Rank of tasks that go on. */
const resumedRank = Number.POSITIVE_INFINITY;

export class ReadyQueue {
  readonly #resumed = new Fifo();
  readonly #byPriority = new Map<number, Fifo>();
  #priorities: number[] = [];
  #length = 0;

  /** Entries, those of tasks cancelled meanwhile included. */
  get length(): number {
    return this.#length;
  }

  /** Of the tasks that are new, the first one of each priority. */
  *firstOfEach(): Generator<string> {
    for (const fifo of this.#byPriority.values()) if (fifo.first !== undefined) yield fifo.first;
  }

  push(key: string, position: number, priority: number, resumed: boolean): void {
    this.#length++;
    if (resumed) {
      this.#resumed.push(key, position);
      return;
    }
    let fifo = this.#byPriority.get(priority);
    if (fifo === undefined) {
      fifo = new Fifo();
      this.#byPriority.set(priority, fifo);
      this.#priorities = [...this.#byPriority.keys()].sort((a, b) => b - a);
    }
    fifo.push(key, position);
  }

  /** Puts back what stood so in a queue before, behind what stands there so already. */
  pushAs(key: string, { rank, position }: Standing): void {
    this.push(key, position, rank, rank === resumedRank);
  }

  /** Of the entry that `take` would give. */
  next(acknowledged: number): Standing | undefined {
    const { position } = this.#resumed;
    if (position !== undefined && position <= acknowledged) return { rank: resumedRank, position };
    for (const rank of this.#priorities) {
      const { position } = this.#byPriority.get(rank) as Fifo;
      if (position !== undefined && position <= acknowledged) return { rank, position };
    }
    return undefined;
  }

  /** Throws out the keys of tasks that are not there any more. */
  keep(isKept: (key: string) => boolean): void {
    for (const fifo of [this.#resumed, ...this.#byPriority.values()]) this.#length -= fifo.keep(isKept);
  }

  /** The key of the next task whose position is at most `acknowledged`, taken out; undefined if there is none. */
  take(acknowledged: number): string | undefined {
    const resumed = this.#takeFrom(this.#resumed, acknowledged);
    if (resumed !== undefined) return resumed;
    for (const priority of this.#priorities) {
      const key = this.#takeFrom(this.#byPriority.get(priority) as Fifo, acknowledged);
      if (key !== undefined) return key;
    }
    return undefined;
  }

  #takeFrom(fifo: Fifo, acknowledged: number): string | undefined {
    const { position } = fifo;
    if (position === undefined || position > acknowledged) return undefined;
    this.#length--;
    return fifo.shift();
  }
}
