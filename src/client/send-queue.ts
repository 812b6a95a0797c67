/** Requests that are to be sent, first come first sent. What is not wanted any more is dropped where it stands. */
import type { Entry } from './entry.ts';

export class SendQueue {
  /** From `#head` on; a dropped one leaves a hole. */
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  /** Where each stands. */
  readonly #places = new Map<Entry, number>();

  get size(): number {
    return this.#places.size;
  }

  put(entry: Entry): void {
    if (this.#places.has(entry)) return;
    this.#places.set(entry, this.#entries.length);
    this.#entries.push(entry);
  }

  take(): Entry | undefined {
    while (this.#head < this.#entries.length) {
      const entry = this.#entries[this.#head];
      this.#entries[this.#head++] = undefined;
      if (entry === undefined) continue;
      this.#places.delete(entry);
      return entry;
    }
    this.clear();
    return undefined;
  }

  drop(entry: Entry): void {
    const place = this.#places.get(entry);
    if (place === undefined) return;
    this.#places.delete(entry);
    this.#entries[place] = undefined;
  }

  clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#places.clear();
  }
}
