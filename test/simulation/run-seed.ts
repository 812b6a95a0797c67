/** One run of one plan, from its first event to its verdict. */

import { enterWorld, real } from '../../src/testing/virtual-globals.ts';
import type { Plan } from './plan.ts';
import type { Trace } from './trace/trace.ts';
import { Violation } from './violation.ts';
import { workloads } from './workloads.ts';
import { calmMs, World } from './world.ts';

export type Verdict = {
  readonly seed: string;
  readonly digest: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly realMs: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Undefined: every law held. */
  readonly violation: { readonly law: string; readonly what: string } | undefined;
  readonly story: readonly string[];
};

/** What lives of nodes leave running at the end, and a little more: timers, and what any two of them say to each other. */
const plannedMax = ({ nodes }: Plan): number => 500 + nodes * nodes;

/** The run is the same with and without a trace. */
export const runPlan = async (plan: Plan, trace?: Trace): Promise<Verdict> => {
  const workload = workloads[plan.workload];
  if (workload === undefined) throw new Error(`There is no workload ${plan.workload}.`);
  const began = real.monotonic();
  const world = new World(plan, workload.node, trace);
  const { simulation } = world;
  const strayed = (error: unknown): void => simulation.fail(error);
  process.on('unhandledRejection', strayed);
  process.on('uncaughtException', strayed);
  let violation: Verdict['violation'];
  try {
    const clients = workload.begin(world);
    world.begin();
    await simulation.run(plan.busyMs);
    const settled = (): boolean => clients.idle() && world.settled();
    await simulation.run(plan.busyMs + calmMs, settled);
    if (!settled()) world.violated('progress', `not through ${calmMs} ms after the last fault: ${world.unsettled()}`);
    else {
      await world.cluster?.checkStable();
      clients.check();
      if (simulation.planned > plannedMax(plan))
        world.violated('bounded', `${simulation.planned} events are planned at the end`);
    }
    clients.count();
    await simulation.run(simulation.nowMs);
  } catch (error) {
    violation =
      error instanceof Violation
        ? { law: error.law, what: error.message }
        : { law: 'no error', what: (error as Error).stack ?? String(error) };
    if (trace !== undefined) {
      if (!(error instanceof Violation)) trace.happened(undefined, 'VIOLATED', `no error: ${String(error)}`);
      trace.broken = { ...violation, atMs: simulation.nowMs };
    }
  } finally {
    process.off('unhandledRejection', strayed);
    process.off('uncaughtException', strayed);
    enterWorld(undefined);
  }
  for (const [kind, count] of Object.entries(world.network.counts))
    if (count > 0) world.counts.set(`message ${kind}`, count);
  for (const log of [...world.logs, ...(world.cluster === undefined ? [] : [world.cluster.log])])
    for (const [kind, count] of Object.entries(log.counts))
      if (count > 0) world.counts.set(`append ${kind}`, (world.counts.get(`append ${kind}`) ?? 0) + count);
  return {
    seed: plan.seed,
    digest: simulation.digest,
    events: simulation.eventCount,
    virtualMs: simulation.nowMs,
    realMs: real.monotonic() - began,
    counts: Object.fromEntries([...world.counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    violation,
    story: world.story,
  };
};
