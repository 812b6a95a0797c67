/**
 * What partitions cost to lead, made of what was measured: small integers, coarse on purpose, so that what is measured a little
 * differently each time comes out the same. They stand in the map: all nodes place by the same ones (scenario L3).
 */
import { limits } from '../limits.ts';
import type { Assignment, ClusterMap } from './cluster-map.ts';

const stepsToMean = 4;

/** `loads` of partitions, undefined where nothing is known: then it is left as it is. With all equal, all cost 1. */
export const costsOf = (
  loads: readonly (number | undefined)[],
  now: readonly Pick<Assignment, 'cost'>[],
): readonly number[] => {
  const known = loads.filter((load) => load !== undefined);
  const sum = known.reduce((total, load) => total + load, 0);
  // What is less is not worth a move.
  const unit = Math.max(limits.loadUnit, Math.ceil(sum / Math.max(1, known.length) / stepsToMean));
  const costs = now.map(({ cost = 1 }, partition) => {
    const load = loads[partition];
    return load === undefined ? cost : 1 + Math.min(limits.partitionCostMax - 1, Math.floor(load / unit));
  });
  return costs.every((cost) => cost === costs[0]) ? costs.map(() => 1) : costs;
};

/** The map with other costs. */
export const withCosts = (map: ClusterMap, costs: readonly number[]): ClusterMap => ({
  ...map,
  partitions: map.partitions.map(({ cost: _, ...own }, partition) => {
    const cost = costs[partition] ?? 1;
    return cost === 1 ? own : { ...own, cost };
  }),
});

/** Since when the costs in the map are as they are, as one node saw it: they are not changed often. */
export class CostAge {
  #costs = '';
  #sinceMs: number | undefined;

  follow(map: ClusterMap, nowMs: number): void {
    const costs = map.partitions.map(({ cost = 1 }) => cost).join();
    if (this.#sinceMs === undefined || costs !== this.#costs) this.#sinceMs = nowMs;
    this.#costs = costs;
  }

  isDue(nowMs: number): boolean {
    return this.#sinceMs !== undefined && nowMs - this.#sinceMs >= limits.costsKeptMs;
  }
}
