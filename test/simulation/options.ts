/** What `npm run simulate` is told. */
import { parseArgs } from 'node:util';
import { memberFaults } from './cluster/cluster-plan.ts';
import { driveFaults } from './embedded/plan.ts';
import { clusterFaults, type FaultKind } from './plan.ts';
import { replicaFaults } from './replica-plan.ts';

export const allFaults: readonly FaultKind[] = [
  ...clusterFaults,
  'burst',
  ...memberFaults,
  ...replicaFaults,
  ...driveFaults,
];

export type SimulateOptions = {
  /** Seeds to run, the first of them `first`. */
  readonly first: number;
  readonly seeds: number;
  /** Ends sooner or later than `seeds` says; 0: not by time. */
  readonly minutes: number;
  readonly jobs: number;
  readonly workload: string;
  readonly faults: readonly FaultKind[];
  /** Numbers of the plan's faults that are kept, undefined: all. Only with one seed. */
  readonly keep: readonly number[] | undefined;
  readonly trace: boolean;
  /** The trace holds messages too. */
  readonly messages: boolean;
  /** Where the page of the run is written; of many, that of the first failing one. */
  readonly html: string | undefined;
  readonly rare: boolean;
  /** Looks for the fewest faults with which a run fails. */
  readonly shrink: boolean;
};

export const help = `Runs whole clusters of Tutti's own code in one thread under a virtual clock, with faults that a seed draws, and checks
that no law is broken.

  npm run simulate -- --seeds 500             500 fresh seeds
  npm run simulate -- --minutes 15 --jobs 2   as many as there is time for, in two processes
  npm run simulate -- --seed 4711             one seed again; the same seed gives the same run
  npm run simulate -- --seed 4711 --trace     with everything that happened in it
  npm run simulate -- --seed 4711 --html run.html   as a page to look at in a browser

  --seeds N        how many (default 500)
  --seed N         only this one
  --first N        the first seed (default: drawn, and printed)
  --minutes M      until then, however many seeds that takes
  --jobs J         processes (default 1)
  --workload NAME  registers (default): reads, writes and messages on partitions; tasks: tasks of all kinds;
                   cluster, cluster-tasks: the same on nodes that join and leave, and share the partitions by themselves;
                   embedded, embedded-tasks: registers, tasks in one process over the embedded engine and its files
  --faults A,B     only these kinds: ${allFaults.join(', ')}; none: "none"
  --keep 3,7       with --seed: only these faults of its plan, by number; "none"
  --trace          with --seed: prints the run as a sequence of events: when, where, what
  --messages       with --trace: the messages too, each where it is sent, with what became of it
  --html FILE      writes the run as one page with a lane for each place; with many seeds, the failing run with the fewest
                   faults that it needs
  --rare           fails if a rare state was never reached, however few the seeds (1,000 or more always do)
  --no-shrink      does not look for the fewest faults with which a run fails

Ends with 0 if every law held, 1 if one was broken, 2 if it was called wrongly.
`;

export class WrongCall extends Error {}

export const readOptions = (args: readonly string[], drawn: number): SimulateOptions | 'help' => {
  const { values } = parsed(args);
  if (values.help === true) return 'help';
  const number = (name: string, text: string | undefined, otherwise: number): number => {
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) throw new WrongCall(`--${name} wants a number, not "${text}".`);
    return value;
  };
  const one = values.seed !== undefined;
  if (!one && (values.keep !== undefined || values.trace === true))
    throw new WrongCall('--keep and --trace go with --seed: they are about one run.');
  if (values.messages === true && values.trace !== true) throw new WrongCall('--messages goes with --trace.');
  const minutes = number('minutes', values.minutes, 0);
  return {
    first: one ? number('seed', values.seed, 0) : number('first', values.first, drawn),
    seeds: one ? 1 : number('seeds', values.seeds, minutes > 0 ? Number.MAX_SAFE_INTEGER : 500),
    minutes,
    jobs: Math.max(1, number('jobs', values.jobs, 1)),
    workload: workloadOf(values.workload),
    faults: faultsOf(values.faults),
    keep: values.keep === 'none' ? [] : values.keep?.split(',').map((text) => number('keep', text, 0)),
    trace: values.trace === true,
    messages: values.messages === true,
    html: values.html,
    rare: values.rare === true,
    shrink: values['no-shrink'] !== true,
  };
};

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean' },
        seeds: { type: 'string' },
        seed: { type: 'string' },
        first: { type: 'string' },
        minutes: { type: 'string' },
        jobs: { type: 'string' },
        workload: { type: 'string' },
        faults: { type: 'string' },
        keep: { type: 'string' },
        trace: { type: 'boolean' },
        messages: { type: 'boolean' },
        html: { type: 'string' },
        rare: { type: 'boolean' },
        'no-shrink': { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new WrongCall((error as Error).message);
  }
};

const workloadNames = ['registers', 'tasks', 'cluster', 'cluster-tasks', 'embedded', 'embedded-tasks'];

const workloadOf = (text = 'registers'): string => {
  if (workloadNames.includes(text)) return text;
  throw new WrongCall(`There is no workload "${text}": there are ${workloadNames.join(', ')}.`);
};

const faultsOf = (text: string | undefined): readonly FaultKind[] => {
  if (text === undefined) return allFaults;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = allFaults.find((known) => known === name);
    if (kind === undefined) throw new WrongCall(`There is no fault "${name}": there are ${allFaults.join(', ')}.`);
    return kind;
  });
};
