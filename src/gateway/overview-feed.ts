/** The overview for all who look at it: read at most once an interval, however many they are. */
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';

export class OverviewFeed {
  readonly #ask: () => Promise<string>;
  readonly #env: Env;
  readonly #watchers = new Set<() => void>();
  #cancel: (() => void) | undefined;
  #last: Promise<string> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(ask: () => Promise<string>, env: Env) {
    this.#ask = ask;
    this.#env = env;
  }

  /** The newest overview, at most half an interval old. */
  readonly read = (): Promise<string> => {
    const now = this.#env.clock.monotonic();
    if (this.#last === undefined || now - this.#readAt > limits.overviewIntervalMs / 2) {
      this.#readAt = now;
      const asked = this.#ask();
      this.#last = asked;
      asked.catch(() => {
        if (this.#last === asked) this.#last = undefined;
      });
    }
    return this.#last;
  };

  /** Calls `changed` once an interval, until what it returns is called. */
  readonly watch = (changed: () => void): (() => void) => {
    const watcher = (): void => changed();
    this.#watchers.add(watcher);
    this.#cancel ??= this.#env.timers.after(limits.overviewIntervalMs, this.#tick);
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  };

  readonly #tick = (): void => {
    this.#cancel = this.#env.timers.after(limits.overviewIntervalMs, this.#tick);
    for (const watcher of [...this.#watchers]) watcher();
  };
}
