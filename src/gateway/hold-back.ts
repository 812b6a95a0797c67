/**
 * Connections that were refused something for load are not read for a while. Refusing is all that a node would do otherwise where many
 * do not come later as they are told: what they send stays with them, and TCP tells them. All together are refused at most
 * `limits.clientRefusalsPerSecond`, each of those who are held back as much of it as the others: who was refused little waits little.
 */
import { limits } from '../limits.ts';
import type { Timers } from '../platform/env.ts';

export class HoldBack {
  readonly #timers: Timers;
  #held = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** A connection was refused so many requests at once; `release` is called when it may be read again. Returns what calls that off. */
  hold(refused: number, release: () => void): () => void {
    this.#held++;
    const shareMs = (refused * this.#held * 1_000) / limits.clientRefusalsPerSecond;
    const ms = Math.min(Math.max(shareMs, limits.overloadedRetryMs), limits.clientHoldMsMax);
    const cancel = this.#timers.after(ms, () => {
      this.#held--;
      release();
    });
    return () => {
      cancel();
      this.#held--;
    };
  }
}
