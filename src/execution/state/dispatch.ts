/** Which executor gets how much of the work that is ready. */
import { grantTasks } from '../../tasks/grant.ts';
import type { Part } from './part.ts';

/** An executor as the state thread sees it. */
export type ExecutorPeer = {
  /** Grants asked for and not yet given. */
  wanted: number;
};

/**
 * Gives ready tasks to executors that want some: evenly where there are fewer tasks than wanted, from all partitions in
 * turn. `round` says who comes first this time.
 */
export const dispatch = (parts: readonly Part[], executors: ReadonlyMap<number, ExecutorPeer>, round: number): void => {
  const wanting = [...executors].filter(([, executor]) => executor.wanted > 0);
  if (wanting.length === 0) return;
  const ready = parts.reduce((sum, { tasks }) => sum + tasks.queue.length, 0);
  if (ready === 0) return;
  const share = Math.max(1, Math.ceil(ready / wanting.length));
  for (let turn = 0; turn < wanting.length; turn++) {
    const [number, executor] = wanting[(round + turn) % wanting.length] as [number, ExecutorPeer];
    let most = Math.min(executor.wanted, share);
    for (let at = 0; at < parts.length && most > 0; at++) {
      const { host, tasks, leading } = parts[(round + turn + at) % parts.length] as Part;
      if (!leading || tasks.queue.length === 0) continue;
      const count = Math.ceil(most / (parts.length - at));
      host.transact((tx) => {
        const given = grantTasks(tasks, tx, host.core.acknowledged, number, count);
        most -= given;
        executor.wanted -= given;
      });
    }
  }
};

/** The executor that wants the most; it has been given one grant then. */
export const takeExecutor = (executors: ReadonlyMap<number, ExecutorPeer>): number | undefined => {
  let number: number | undefined;
  let chosen: ExecutorPeer | undefined;
  for (const [each, executor] of executors)
    if (executor.wanted > (chosen?.wanted ?? 0)) {
      number = each;
      chosen = executor;
    }
  if (chosen !== undefined) chosen.wanted--;
  return number;
};
