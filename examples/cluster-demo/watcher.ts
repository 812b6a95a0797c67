/**
 * Asks after a task all the time, as a user would who waits for it, and tells how long an answer took at most: while nobody leads the
 * task's partition, or nothing can be appended to its log, there is none.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { RemoteClient } from 'tutti/client';

const everyMs = 20;

export class Watcher {
  readonly #client: Pick<RemoteClient, 'status'>;
  readonly #id: string;
  #longestMs = 0;
  #ended = false;
  readonly #over: Promise<void>;

  constructor(client: Pick<RemoteClient, 'status'>, id: string) {
    this.#client = client;
    this.#id = id;
    this.#over = this.#watch();
  }

  /** The longest wait since this was asked last, in milliseconds. */
  takeLongest(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#over;
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      const began = performance.now();
      await this.#client.status(this.#id);
      this.#longestMs = Math.max(this.#longestMs, performance.now() - began);
      await pause(everyMs);
    }
  }
}
