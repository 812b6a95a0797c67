/**
 * The stated workload, on which the simulator's speed is measured (`npm run bench -- simulate-tasks`): five nodes, eight
 * partitions, about twenty operations a virtual second for forty virtual seconds; faults and settings as seeds draw them. Runs
 * seeds from 1 on and tells how long they took.
 */
import { installVirtualGlobals } from '../../src/testing/virtual-globals.ts';

installVirtualGlobals();
const { installDeterminism } = await import('../../src/execution/executor/determinism.ts');
installDeterminism();
const { clusterFaults, planOf } = await import('./plan.ts');
const { runPlan } = await import('./run-seed.ts');

export type StatedTask = { readonly workload: 'registers' | 'tasks'; readonly seeds: number };
export type StatedFigures = {
  readonly virtualMs: number;
  readonly realMs: number;
  readonly cpuMs: number;
  readonly events: number;
  /** What clients asked, and for how long they did. */
  readonly operations: number;
  readonly busyMs: number;
};

/** So many seeds are run first and not counted: until then the code is still being compiled. */
const warmUps = 4;
const sizes = { nodes: 5, partitions: 8, busyMs: 40_000 };
/**
 * A client of tasks begins one every fifth of a second, whatever the others do; one of registers has one operation under way, and
 * pauses for most of a second between two.
 */
const clients = {
  registers: { clients: 20, thinkMs: 1_650, remembers: true },
  tasks: { clients: 4, thinkMs: 100 },
};

const { workload, seeds } = JSON.parse(process.argv[2] as string) as StatedTask;
const figures = { virtualMs: 0, realMs: 0, cpuMs: 0, events: 0, operations: 0, busyMs: 0 };
for (let seed = 1 - warmUps; seed <= seeds; seed++) {
  const plan = planOf(workload, `${seed}`, clusterFaults, { ...sizes, ...clients[workload] });
  const before = process.cpuUsage();
  const { violation, virtualMs, realMs, events, counts } = await runPlan(plan);
  const { user, system } = process.cpuUsage(before);
  if (violation !== undefined) throw new Error(`Seed ${seed} of the stated workload breaks the law ${violation.law}.`);
  if (seed <= 0) continue;
  figures.virtualMs += virtualMs;
  figures.realMs += realMs;
  figures.cpuMs += (user + system) / 1_000;
  figures.events += events;
  figures.busyMs += plan.busyMs;
  for (const [kind, count] of Object.entries(counts)) if (/^(call|task) /.test(kind)) figures.operations += count;
}
process.send?.(figures satisfies StatedFigures, undefined, undefined, () => process.disconnect?.());
