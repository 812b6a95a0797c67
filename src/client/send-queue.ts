/** Requests that are to be sent, first come first sent. What is not wanted any more is dropped where it stands. */
import type { Entry } from './entry.ts';

export class SendQueue {
  readonly #entries = new Set<Entry>();
  /** Goes on from one to the next: one that begins anew each time would go past the places of all that are gone. */
  #next = this.#entries.values();

  get size(): number {
    return this.#entries.size;
  }

  put(entry: Entry): void {
    this.#entries.add(entry);
  }

  take(): Entry | undefined {
    const { value } = this.#next.next();
    if (value === undefined) this.#next = this.#entries.values();
    else this.#entries.delete(value);
    return value;
  }

  drop(entry: Entry): void {
    this.#entries.delete(entry);
  }

  clear(): void {
    this.#entries.clear();
  }
}
