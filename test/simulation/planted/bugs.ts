/**
 * Bugs that the simulator must catch. Each is a patch of a file, applied to a copy of the sources; none is ever in the
 * repository's own. `law` names the laws that may catch it; `seeds` is how many seeds it may take, about five times what it took.
 */
import { clusterBugs } from './cluster-bugs.ts';
import { diskBugs } from './disk-bugs.ts';
import { nodeBugs } from './node-bugs.ts';
import type { Patch } from './patch.ts';
import { registerBugs } from './register-bugs.ts';
import { replicaBugs } from './replica-bugs.ts';
import { taskBugs } from './task-bugs.ts';

export type PlantedBug = Patch & {
  readonly name: string;
  readonly workload: 'registers' | 'tasks' | 'cluster' | 'cluster-tasks' | 'embedded';
  /** A second patch that it takes. */
  readonly also?: Patch;
  readonly law: readonly string[];
  readonly seeds: number;
  /** Only these kinds of faults, where others would hide it. */
  readonly faults?: string;
  /** The first seed; 1 where it is left out. Of a bug that takes many seeds the tests run those that show it. */
  readonly first?: number;
};

/** How the simulator is called so as to find the bug. */
export const argsOf = (bug: PlantedBug): readonly string[] =>
  callOf(bug, ['--no-shrink', '--first', `${bug.first ?? 1}`, '--seeds', `${bug.seeds}`]);

/** How it is called with these seeds, and what the bug's run has besides. */
export const callOf = (bug: PlantedBug, seeds: readonly string[]): readonly string[] => [
  ...seeds,
  '--workload',
  bug.workload,
  ...(bug.faults === undefined ? [] : ['--faults', bug.faults]),
];

/** A clock that nothing replaces: no law sees it, but the same seed gives another run. */
export const unseenClock: Patch = {
  file: 'src/engine/simulated/place.ts',
  find: 'monotonic: () => simulation.nowMs,',
  replace: "monotonic: () => simulation.nowMs + new Event('tick').timeStamp,",
};

export const plantedBugs: readonly PlantedBug[] = [
  ...registerBugs,
  ...replicaBugs,
  ...taskBugs,
  ...clusterBugs,
  ...nodeBugs,
  ...diskBugs,
];
