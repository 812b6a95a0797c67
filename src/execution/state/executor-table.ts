/** The executors that leaders of a thread know, here and on other nodes, and which functions they run. */
import type { FunctionSets } from '../../tasks/function-gaps.ts';
import type { Flat } from '../../tasks/messages.ts';
import type { ExecutorPeer } from './dispatch.ts';

export type Executor = {
  -readonly [Key in keyof ExecutorPeer]: ExecutorPeer[Key];
} & {
  readonly has: readonly string[];
  /** Of these, what is to run elsewhere while it can. */
  readonly away: ReadonlySet<string>;
  out: Flat;
};

const none: ReadonlySet<string> = new Set();

export class ExecutorTable {
  readonly #slots: number;
  readonly #all = new Map<number, Executor>();
  #functionSets: FunctionSets = [];

  /** `slots`: of each executor of this node. */
  constructor(slots: number) {
    this.#slots = slots;
  }

  get all(): ReadonlyMap<number, Executor> {
    return this.#all;
  }

  /** What they run: each different set of functions once. Another array when that has changed. */
  get functionSets(): FunctionSets {
    return this.#functionSets;
  }

  functionsOf(executor: number): ReadonlySet<string> {
    return this.#all.get(executor)?.names ?? none;
  }

  add(executor: number, has: readonly string[], away: readonly string[], elsewhere: boolean): void {
    const slots = this.#slots;
    const known = { wanted: 0, slots, silent: false, elsewhere, names: none, has, away: new Set(away), out: [] };
    this.#all.set(executor, known);
    this.renew();
  }

  remove(executor: number): void {
    this.#all.delete(executor);
    this.renew();
  }

  /** Finds out anew who runs what. To be called when executors fall silent or answer again as well. */
  renew(): void {
    const before = this.#functionSets;
    const sets: ReadonlySet<string>[] = [];
    const home = this.#atHome();
    for (const executor of this.#all.values()) {
      const names = executor.has.filter((name) => !executor.away.has(name) || !home.has(name));
      // One for all that run the same, and the same as before.
      const known = [...sets, ...before].find((set) => isSet(set, names)) ?? new Set(names);
      if (!sets.includes(known)) sets.push(known);
      executor.names = known;
    }
    if (sets.length !== before.length || sets.some((set) => !before.includes(set))) this.#functionSets = sets;
  }

  /** Functions with a place of their own, where somebody there answers. */
  #atHome(): ReadonlySet<string> {
    const home = new Set<string>();
    const placed = new Set([...this.#all.values()].flatMap(({ away }) => [...away]));
    if (placed.size === 0) return home;
    for (const { has, away, silent } of this.#all.values())
      if (!silent) for (const name of has) if (placed.has(name) && !away.has(name)) home.add(name);
    return home;
  }

  /** How many run this function; undefined: how many there are. */
  count(name: string | undefined): number {
    if (name === undefined) return this.#all.size;
    let count = 0;
    for (const { names } of this.#all.values()) if (names.has(name)) count++;
    return count;
  }
}

const isSet = (set: ReadonlySet<string>, names: readonly string[]): boolean =>
  set.size === names.length && names.every((name) => set.has(name));
