/**
 * Turns what a connection tells into what `for await` takes. Newer items replace older ones that were not taken yet where they
 * say the same of the same thing; what cannot be replaced is bounded by pausing what brings it.
 */
import * as clientLimits from '../client-limits.ts';

export type StreamSource = {
  /** Begins to bring items, or goes on where it was paused. */
  open(): void;
  /** Brings nothing more, for now or for ever. */
  close(): void;
};

type Item<T> = { readonly topic: string | undefined; readonly value: T; replaced: boolean };

export class StreamQueue<T> implements AsyncIterableIterator<T> {
  readonly #source: StreamSource;
  #items: Item<T>[] = [];
  /** The newest of each topic that was not taken. */
  readonly #newest = new Map<string, Item<T>>();
  #state: 'new' | 'open' | 'paused' | 'ended' = 'new';
  #error: Error | undefined;
  readonly #waiting: { resolve(result: IteratorResult<T>): void; reject(error: Error): void }[] = [];

  constructor(source: StreamSource) {
    this.#source = source;
  }

  /** An item; it takes the place of the last one of the same topic that was not taken. */
  put(value: T, topic?: string): void {
    if (this.#state === 'ended') return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value });
      return;
    }
    const item = { topic, value, replaced: false };
    this.#items.push(item);
    if (topic !== undefined) {
      const older = this.#newest.get(topic);
      if (older !== undefined) older.replaced = true;
      this.#newest.set(topic, item);
    }
    if (this.#items.length < clientLimits.streamEventsMax || this.#state !== 'open') return;
    this.#state = 'paused';
    this.#source.close();
  }

  /** Nothing comes after what was put. */
  end(error?: Error): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#error = error;
    for (const waiting of this.#waiting.splice(0)) this.#tellEnd(waiting);
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#state === 'new') this.#open();
    return new Promise((resolve, reject) => {
      const item = this.#take();
      if (item !== undefined) {
        resolve({ done: false, value: item.value });
        this.#goOn();
      } else if (this.#state === 'ended') this.#tellEnd({ resolve, reject });
      else this.#waiting.push({ resolve, reject });
    });
  }

  /** What `break` does. */
  return(): Promise<IteratorResult<T>> {
    if (this.#state === 'open') this.#source.close();
    this.#items = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #goOn(): void {
    if (this.#state !== 'paused' || this.#items.length > clientLimits.streamEventsMax / 2) return;
    this.#open();
  }

  #open(): void {
    this.#state = 'open';
    try {
      this.#source.open();
    } catch (error) {
      this.end(error as Error);
    }
  }

  #take(): Item<T> | undefined {
    while (true) {
      const item = this.#items.shift();
      if (item === undefined) return undefined;
      if (item.replaced) continue;
      if (item.topic !== undefined) this.#newest.delete(item.topic);
      return item;
    }
  }

  /** An error is told once. */
  #tellEnd({ resolve, reject }: { resolve(result: IteratorResult<T>): void; reject(error: Error): void }): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) resolve({ done: true, value: undefined });
    else reject(error);
  }
}
