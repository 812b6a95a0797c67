/** Which executor gets how much of the work that is ready. */
import { grantTasks } from '../../tasks/grant.ts';
import type { AnyExecutor } from '../../tasks/leader.ts';
import { fromExecutor } from '../../tasks/messages.ts';
import type { AttemptName } from '../executor/control.ts';
import type { Part } from './part.ts';

/** An executor as the state thread sees it. */
export type ExecutorPeer = {
  /** Grants asked for and not yet given. */
  wanted: number;
  /** How many it runs at once, where it is of this node. */
  readonly slots: number;
  /** It does not answer: it is given nothing more until it does. */
  silent: boolean;
  /** What keeps it from answering, where that is known. */
  running?: AttemptName | undefined;
  /** It is `silent` because some code of a task keeps it, and owes no canary. */
  kept?: boolean;
  /** It is on another node. */
  readonly elsewhere: boolean;
  /** Of the app behind it. Those of the same app share one. */
  readonly names: ReadonlySet<string>;
};

/** What an executor says of itself, and not of an attempt. */
export const isForHost = (op: unknown): boolean => op === fromExecutor.want || op === fromExecutor.runs;

const takesWork = (executor: ExecutorPeer): boolean => executor.wanted > 0 && !executor.silent;

/**
 * It wants more than its slots hold: it has found that its tasks are short. Such ones cost less than their way to another node.
 */
const asksAhead = (executor: ExecutorPeer): boolean => executor.wanted > executor.slots;

/** Those who are asked first: all who want work, or those of this node where one of them asks ahead. */
const first = <Executor extends ExecutorPeer>(
  wanting: readonly (readonly [number, Executor])[],
): readonly (readonly [number, Executor])[] =>
  wanting.some(([, executor]) => !executor.elsewhere && asksAhead(executor))
    ? wanting.filter(([, executor]) => !executor.elsewhere)
    : wanting;

/**
 * Gives ready tasks to executors that want some: evenly where there are fewer tasks than wanted, from all partitions in
 * turn; short ones to those of this node first. `round` says who comes first this time. Returns whether there may be more for them, to be looked for in another turn.
 */
export const dispatch = (
  parts: readonly Part[],
  executors: ReadonlyMap<number, ExecutorPeer>,
  round: number,
): boolean => {
  const wanting = [...executors].filter(([, executor]) => takesWork(executor));
  if (wanting.length === 0) return false;
  const ready = parts.reduce((sum, { tasks }) => sum + tasks.readyFor(undefined), 0);
  if (ready === 0) return false;
  const near = first(wanting);
  let given = 0;
  let more = false;
  for (const those of [near, wanting.filter((each) => !near.includes(each))]) {
    const share = Math.max(1, Math.ceil((ready - given) / those.length));
    for (let turn = 0; turn < those.length; turn++) {
      const [number, executor] = those[(round + turn) % those.length] as (typeof those)[number];
      let most = Math.min(executor.wanted, share);
      for (let at = 0; at < parts.length && most > 0; at++) {
        const { host, tasks, leading } = parts[(round + turn + at) % parts.length] as Part;
        if (!leading || tasks.readyFor(executor.names) === 0) continue;
        const count = Math.ceil(most / (parts.length - at));
        host.transact((tx) => {
          const granted = grantTasks(tasks, tx, host.core.position, number, count);
          most -= granted;
          given += granted;
          executor.wanted -= granted;
        });
        more ||= tasks.asideStopped;
      }
    }
  }
  return more;
};

/** Chooses executors one at a time, in turns. */
export class ExecutorTurns {
  #last = -1;
  #nextOfAny = 0;

  /**
   * One whatever it wants, which is given no grant: one that answers, where there is one, else one that is kept, where there is one.
   * Undefined: there is none.
   */
  any(executors: ReadonlyMap<number, ExecutorPeer>): AnyExecutor | undefined {
    const all = [...executors].map(([executor, { silent, kept = false }]) => ({ executor, silent, kept }));
    const best = [all.filter(({ silent }) => !silent), all.filter(({ kept }) => kept), all];
    const those = best.find(({ length }) => length > 0) ?? all;
    return those[this.#nextOfAny++ % those.length];
  }

  /**
   * The next executor after the last one chosen that takes work and has this function, where one is named; it is given one grant. One
   * of this node comes before others where it asks ahead.
   * Undefined: none does.
   */
  take(executors: ReadonlyMap<number, ExecutorPeer>, name?: string): number | undefined {
    let lowest: number | undefined;
    let next: number | undefined;
    const wanting = [...executors].filter(
      ([, executor]) => takesWork(executor) && (name === undefined || executor.names.has(name)),
    );
    for (const [number] of first(wanting)) {
      if (lowest === undefined || number < lowest) lowest = number;
      if (number > this.#last && (next === undefined || number < next)) next = number;
    }
    const chosen = next ?? lowest;
    if (chosen === undefined) return undefined;
    this.#last = chosen;
    (executors.get(chosen) as ExecutorPeer).wanted--;
    return chosen;
  }
}

/** Whether another executor than `number` takes work. */
export const othersTakeWork = (executors: ReadonlyMap<number, ExecutorPeer>, number: number): boolean => {
  for (const [other, executor] of executors) if (other !== number && takesWork(executor)) return true;
  return false;
};
