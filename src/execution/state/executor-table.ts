/** The executors that leaders of a thread know, here and on other nodes, and which functions they have. */
import type { FunctionSets } from '../../tasks/function-gaps.ts';
import type { Flat } from '../../tasks/messages.ts';
import type { ExecutorPeer } from './dispatch.ts';

export type Executor = ExecutorPeer & { out: Flat };

const none: ReadonlySet<string> = new Set();

export class ExecutorTable {
  readonly #all = new Map<number, Executor>();
  #functionSets: FunctionSets = [];

  get all(): ReadonlyMap<number, Executor> {
    return this.#all;
  }

  /** What they have: each different set of functions once. Another array when that has changed. */
  get functionSets(): FunctionSets {
    return this.#functionSets;
  }

  functionsOf(executor: number): ReadonlySet<string> {
    return this.#all.get(executor)?.names ?? none;
  }

  add(executor: number, names: readonly string[], elsewhere: boolean): void {
    this.#all.set(executor, { wanted: 0, silent: false, elsewhere, names: this.#setOf(names), out: [] });
  }

  remove(executor: number): void {
    const names = this.#all.get(executor)?.names;
    this.#all.delete(executor);
    if (names !== undefined && ![...this.#all.values()].some((other) => other.names === names))
      this.#functionSets = this.#functionSets.filter((other) => other !== names);
  }

  /** How many have this function; undefined: how many there are. */
  count(name: string | undefined): number {
    if (name === undefined) return this.#all.size;
    let count = 0;
    for (const { names } of this.#all.values()) if (names.has(name)) count++;
    return count;
  }

  /** One for all executors that have these functions. */
  #setOf(names: readonly string[]): ReadonlySet<string> {
    const known = this.#functionSets.find((set) => set.size === names.length && names.every((name) => set.has(name)));
    if (known !== undefined) return known;
    const set = new Set(names);
    this.#functionSets = [...this.#functionSets, set];
    return set;
  }
}
