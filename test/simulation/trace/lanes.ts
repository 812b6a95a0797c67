/** The places of a run as a person sees them: each is a lane of its own. */

import { executorsOf } from '../../../src/engine/simulated/watcher.ts';

export const worldLane = 'world';

/** `at`: an end of the network, or the name of a life (`n0.2`; of an executor `n0.2x1`). */
export const laneOf = (at: string | undefined): string => {
  if (at === undefined) return worldLane;
  const life = /^(.+)\.\d+(x\d+)?$/.exec(at);
  const node = life?.[1];
  if (node === undefined) return at;
  return life?.[2] === undefined ? node : executorsOf(node);
};

export const partitionOfLane = (lane: string): string | undefined => /^log (\d+)$/.exec(lane)?.[1];

/** From top to bottom: the world, clients, each node with its executors, logs, the rest. */
export const inOrder = (lanes: Iterable<string>): readonly string[] => {
  const rank = (lane: string): number =>
    [/^world$/, /^c\d+$/, /^n\d+/, /^log \d+$/].findIndex((pattern) => pattern.test(lane)) >>> 0;
  return [...lanes].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true }));
};
