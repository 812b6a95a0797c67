/**
 * What a new leader of a partition waits for before it takes over the tasks: what every executor that may run some of them
 * says it runs (DESIGN section 5, scenario T2). One that is gone is not waited for, nor is one that does not answer in time:
 * what it held is then no more its own, and it is told so when it answers.
 */
import type { Running } from '../../tasks/claim.ts';
import type { Flat } from '../../tasks/messages.ts';

export class RollCall {
  readonly #waiting: Set<number>;
  readonly running: Running[] = [];
  /** What those who have answered report until it is over: it counts then. */
  readonly held: { readonly executor: number; readonly flat: Flat }[] = [];

  constructor(executors: Iterable<number>) {
    this.#waiting = new Set(executors);
  }

  /** Everybody has answered. */
  get over(): boolean {
    return this.#waiting.size === 0;
  }

  /** `attempts`: epoch and n of each, as in `runs`. */
  answered(executor: number, attempts: Flat): void {
    if (this.#waiting.delete(executor)) this.running.push(...namesOf(executor, attempts));
  }

  /** Its attempts are over with it. */
  gone(executor: number): void {
    this.#waiting.delete(executor);
    for (let at = this.running.length - 1; at >= 0; at--)
      if (this.running[at]?.executor === executor) this.running.splice(at, 1);
  }

  /** It keeps computing, so that it cannot answer; `running` is what it computes. */
  silent(executor: number, running: Omit<Running, 'executor'> | undefined): void {
    if (this.#waiting.delete(executor) && running !== undefined)
      this.running.push({ epoch: running.epoch, n: running.n, executor });
  }
}

/** The attempts that a `runs` message names. */
export const namesOf = (executor: number, attempts: Flat): Running[] => {
  const running: Running[] = [];
  for (let at = 0; at < attempts.length; at += 2)
    running.push({ epoch: attempts[at] as number, n: attempts[at + 1] as number, executor });
  return running;
};
