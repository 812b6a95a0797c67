/**
 * Whether there are executors that cannot run each task that this leader may have in its queue: of other versions of the app, or
 * tasks of one that nobody runs any more. While there are none, which is how it is nearly always, nobody looks at names. It is
 * found out anew only when executors with other functions came or went, or a task came of a name that was never seen.
 */
import type { TaskCounters } from './counters.ts';

/** What the executors that are there can run: each different set of functions once. Another array when that has changed. */
export type FunctionSets = readonly ReadonlySet<string>[];

export class FunctionGaps {
  readonly #counters: TaskCounters;
  readonly #sets: () => FunctionSets;
  #seenSets: FunctionSets | undefined;
  #seenNames = -1;
  #any = false;

  constructor(counters: TaskCounters, sets: () => FunctionSets) {
    this.#counters = counters;
    this.#sets = sets;
  }

  get any(): boolean {
    const sets = this.#sets();
    const { namesCount } = this.#counters;
    if (sets !== this.#seenSets || namesCount !== this.#seenNames) {
      this.#seenSets = sets;
      this.#seenNames = namesCount;
      this.#any = this.#look(sets);
    }
    return this.#any;
  }

  #look(sets: FunctionSets): boolean {
    for (const [name] of this.#counters.all()) {
      // There are more names than are kept.
      if (name === undefined) return true;
      if (sets.some((names) => !names.has(name))) return true;
    }
    return false;
  }

  /** Some executor that is there has the function, or there is no executor at all, so that nothing is known. */
  isThere(name: string): boolean {
    if (!this.any) return true;
    const sets = this.#sets();
    return sets.length === 0 || sets.some((names) => names.has(name));
  }
}
