/**
 * For whom code runs: user code finds its scope by AsyncLocalStorage, through every await and callback. What is replayed
 * (clock, chance), printed, thrown past everybody or ended is told apart by it.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { type SeededRandom, seededRandom } from '../../values/hash.ts';
import type { Attempt } from './attempt.ts';

export class Scope {
  readonly attempt: Attempt;
  /** The task's id; of an item of a chunk, its own. */
  readonly id: string;
  /** Which attempt of the task (or item) this is, from 1. */
  readonly number: number;
  /** Before the keys of its steps: '' for a task, `i<index>:` for an item of a chunk. */
  readonly prefix: string;
  /** False inside the function of a `ctx.run`: there clock and chance are real, and no steps are allowed. */
  readonly replayed: boolean;
  /** Set when its code is through or was given up: what of it still runs calls no more steps. */
  closed = false;
  private counts: Map<string, number> | undefined = undefined;
  private seeded: SeededRandom | undefined = undefined;

  constructor(attempt: Attempt, id: string, number: number, prefix: string, replayed: boolean) {
    this.attempt = attempt;
    this.id = id;
    this.number = number;
    this.prefix = prefix;
    this.replayed = replayed;
  }

  /** The scope of the function of a step. */
  inStep(): Scope {
    return new Scope(this.attempt, this.id, this.number, this.prefix, false);
  }

  /** The key of the next step of this kind and name. */
  nextKey(kind: string, name: string): string {
    const base = name === '' ? this.prefix + kind : `${this.prefix}${kind}:${name}`;
    this.counts ??= new Map();
    const count = this.counts.get(base) ?? 0;
    this.counts.set(base, count + 1);
    return `${base}:${count}`;
  }

  /** The chance of this task (or item): the same on every replay. */
  get random(): SeededRandom {
    this.seeded ??= seededRandom(this.id);
    return this.seeded;
  }
}

const storage = new AsyncLocalStorage<Scope | undefined>();

/** The scope of the code that runs now; undefined outside of tasks. */
export const currentScope = (): Scope | undefined => storage.getStore();

/** Runs `fn(a, b)` in a scope. */
export const runInScope = <A, B, R>(scope: Scope, fn: (a: A, b: B) => R, a: A, b: B): R => storage.run(scope, fn, a, b);

/**
 * Wraps `fn` so that it runs in the context in which this module was loaded. What works for all tasks is scheduled from
 * within one of them; without this, that task's own AsyncLocalStorages would leak into the others.
 */
export const inRootContext =
  (fn: () => void): (() => void) =>
  () =>
    rootContext(fn);

const rootContext = AsyncLocalStorage.snapshot();
