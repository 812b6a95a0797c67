/** What a host has begun and not ended: promises and pauses. When it is closed, pauses end at once and nothing is begun any more. */
import type { Env } from '../platform/env.ts';

export class UnderWay {
  readonly #env: Env;
  readonly #onFailed: (error: unknown) => void;
  #count = 0;
  #closing = false;
  #idle: (() => void)[] = [];
  /** How to end each pause, and each call that is planned. */
  readonly #endings = new Set<() => void>();

  constructor(env: Env, onFailed: (error: unknown) => void) {
    this.#env = env;
    this.#onFailed = onFailed;
  }

  get closing(): boolean {
    return this.#closing;
  }

  track(work: Promise<void>): void {
    this.#count++;
    void work.then(this.#ended, this.#endedBadly);
  }

  readonly #ended = (): void => {
    this.#count--;
    if (this.#count === 0) for (const resolve of this.#idle.splice(0)) resolve();
  };

  readonly #endedBadly = (error: unknown): void => {
    try {
      this.#onFailed(error);
    } finally {
      this.#ended();
    }
  };

  /** Ends early when the host is closed. */
  async pause(ms: number): Promise<void> {
    if (this.#closing) return;
    await new Promise<void>((resolve) => this.#plan(ms, resolve, resolve));
  }

  /** Calls `action` later, unless the host is closed or the returned function is called before. */
  later(ms: number, action: () => void): () => void {
    if (this.#closing) return () => {};
    return this.#plan(ms, action, () => {});
  }

  /** Nothing more is to be begun. Settles when nothing is under way. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const end of this.#endings) end();
    if (this.#count > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #plan(ms: number, action: () => void, ended: () => void): () => void {
    const cancel = this.#env.timers.after(ms, () => {
      this.#endings.delete(end);
      action();
    });
    const end = (): void => {
      cancel();
      this.#endings.delete(end);
      ended();
    };
    this.#endings.add(end);
    return end;
  }
}
