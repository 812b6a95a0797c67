/** One run of one plan, from its first event to its verdict. */

import type { Plan } from './plan.ts';
import { checkRegisters } from './registers/checks.ts';
import { RegisterClient } from './registers/client.ts';
import { registerNode } from './registers/node.ts';
import { Violation } from './violation.ts';
import { enterWorld, real } from './virtual-globals.ts';
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

/** What one node's life leaves running at the end, and a little more. */
const plannedMax = 500;

export const runPlan = async (plan: Plan): Promise<Verdict> => {
  const began = real.monotonic();
  const world = new World(plan, registerNode);
  const { simulation } = world;
  const strayed = (error: unknown): void => simulation.fail(error);
  process.on('unhandledRejection', strayed);
  process.on('uncaughtException', strayed);
  let violation: Verdict['violation'];
  try {
    const clients = Array.from({ length: plan.clients }, (_, number) => new RegisterClient(world, number));
    world.begin();
    await simulation.run(plan.busyMs);
    const settled = (): boolean => clients.every(({ idle }) => idle) && world.settled();
    await simulation.run(plan.busyMs + calmMs, settled);
    if (!settled()) world.violated('progress', `not through ${calmMs} ms after the last fault: ${world.unsettled()}`);
    else {
      checkRegisters(world, clients);
      if (simulation.planned > plannedMax)
        world.violated('bounded', `${simulation.planned} events are planned at the end`);
    }
    for (const client of clients) for (const call of client.calls) world.count(`call ${call.operation.kind}`);
    await simulation.run(simulation.nowMs);
  } catch (error) {
    violation =
      error instanceof Violation
        ? { law: error.law, what: error.message }
        : { law: 'no error', what: (error as Error).stack ?? String(error) };
  } finally {
    process.off('unhandledRejection', strayed);
    process.off('uncaughtException', strayed);
    enterWorld(undefined);
  }
  for (const [kind, count] of Object.entries(world.network.counts))
    if (count > 0) world.counts.set(`message ${kind}`, count);
  for (const log of world.logs)
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
