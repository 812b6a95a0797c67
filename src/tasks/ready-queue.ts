/**
 * The tasks that could run now, in the order in which they should: tasks that go on (they waited for a step) before new
 * ones, then by priority (higher first), then first come first served. In the leader's memory only; a new leader makes it
 * again from the rows.
 *
 * Each entry carries the log position at which it became ready. It is taken only once that position is acknowledged, so that
 * nothing runs before what asked for it is durable.
 */
type Entry = { readonly key: string; readonly position: number };

/** First in, first out; taking is amortised constant. */
class Fifo {
  #entries: Entry[] = [];
  #head = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  peek(): Entry | undefined {
    return this.#entries[this.#head];
  }

  shift(): void {
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}

export class ReadyQueue {
  readonly #resumed = new Fifo();
  readonly #byPriority = new Map<number, Fifo>();
  #priorities: number[] = [];
  #length = 0;

  /** Entries, those of tasks cancelled meanwhile included. */
  get length(): number {
    return this.#length;
  }

  push(key: string, position: number, priority: number, resumed: boolean): void {
    this.#length++;
    if (resumed) {
      this.#resumed.push({ key, position });
      return;
    }
    let fifo = this.#byPriority.get(priority);
    if (fifo === undefined) {
      fifo = new Fifo();
      this.#byPriority.set(priority, fifo);
      this.#priorities = [...this.#byPriority.keys()].sort((a, b) => b - a);
    }
    fifo.push({ key, position });
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
    const entry = fifo.peek();
    if (entry === undefined || entry.position > acknowledged) return undefined;
    fifo.shift();
    this.#length--;
    return entry.key;
  }
}
