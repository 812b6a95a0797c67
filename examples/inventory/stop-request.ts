/**
 * Ctrl-C and SIGTERM: the first asks for a graceful stop, a second one ends the process at once.
 *
 * npm passes a signal on to what it runs, and a terminal has sent it there already; so one that follows within a moment is the
 * same one again.
 */
import { performance } from 'node:perf_hooks';

type Signal = 'SIGINT' | 'SIGTERM';

const sameWithinMs = 300;
const codes: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

export class StopRequest {
  #signal: Signal | undefined;
  #askedAt = 0;
  #action: (() => unknown) | undefined;
  readonly #onAsked: (signal: Signal) => void;

  constructor(onAsked: (signal: Signal) => void) {
    this.#onAsked = onAsked;
    process.on('SIGINT', this.#take);
    process.on('SIGTERM', this.#take);
  }

  /** The signal that asked, if one did. */
  get signal(): Signal | undefined {
    return this.#signal;
  }

  /** What stopping means from now on; done at once if it was asked for already. */
  whenAsked(action: () => unknown): void {
    this.#action = action;
    if (this.#signal !== undefined) {
      action();
    }
  }

  forget(): void {
    process.off('SIGINT', this.#take);
    process.off('SIGTERM', this.#take);
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (this.#signal === undefined) {
      this.#signal = signal as Signal;
      this.#askedAt = now;
      this.#onAsked(this.#signal);
      this.#action?.();
    } else if (now - this.#askedAt > sameWithinMs) {
      process.exit(codes[this.#signal]);
    }
  };
}
