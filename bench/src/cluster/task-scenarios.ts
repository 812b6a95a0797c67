/** The task scenarios of one process, through a client of a node of three over three NATS servers. */
import type { RemoteClient } from 'tutti/client';
import type * as app from '../app.ts';
import { noop, noopInput, tenSteps } from '../app.ts';
import { batchesOf, loopsOf, span } from '../measure.ts';
import { check, type RunOptions, type RunResult, type Scenario, scaled } from '../scenario.ts';
import { Rig } from './rig.ts';

const nodes = 3;
const outstanding = 5_000;
const batch = 500;
const stepsPerTask = 10;
const stepTasksAtOnce = 200;
const sumOfSteps = 45;

type Client = RemoteClient<typeof app>;

/** Work for a client, so many units of it: gives the milliseconds of each. */
type Work = (client: Client, units: number) => Promise<Float64Array>;

const through = async (options: RunOptions, units: number, work: Work): Promise<Omit<RunResult, 'settings'>> => {
  const { folder, partitions, executors } = options;
  await using rig = await Rig.start({ folder, nodes, partitions, executors });
  const client = rig.client([rig.nodes.urls[0] as string]);
  // V8 compiles for seconds what a new process runs.
  await work(client, units);
  const [before, trafficBefore] = [rig.cost(), await rig.traffic()];
  const { value: latencies, seconds, cpuSeconds } = await span(() => work(client, units));
  const [after, traffic] = [rig.cost(), await rig.traffic()];
  const messages = traffic.inMessages + traffic.outMessages - trafficBefore.inMessages - trafficBefore.outMessages;
  const extra = {
    nodes_cpu_s: after.nodesCpu - before.nodesCpu,
    servers_cpu_s: after.serversCpu - before.serversCpu,
    nats_messages: messages / units,
  };
  return { n: units, seconds, cpuSeconds, latencies, extra };
};

const runNoop = async (client: Client, index: number): Promise<void> => {
  const result = await client.run(noop, noopInput(index));
  if (result !== index) check(false, `task ${index} gave ${result}`);
};

const runSteps = async (client: Client, index: number): Promise<void> => {
  const result = await client.run(tenSteps, index);
  if (result !== index + sumOfSteps) check(false, `the steps of task ${index} gave ${result}`);
};

export const clusterNoop: Scenario = {
  name: 'cluster-noop',
  cases: [undefined],
  async run(options) {
    const work: Work = (client, units) => batchesOf(units, outstanding, batch, (index) => runNoop(client, index));
    const settings = { nodes, outstanding, batch, argumentBytes: 100 };
    return { ...(await through(options, scaled(100_000, options), work)), settings };
  },
};

export const clusterLatency: Scenario = {
  name: 'cluster-latency',
  cases: [undefined],
  async run(options) {
    const work: Work = (client, units) => loopsOf(units, 1, (index) => runNoop(client, index));
    const settings = { nodes, outstanding: 1, argumentBytes: 100 };
    return { ...(await through(options, scaled(2_000, options), work)), settings };
  },
};

export const clusterSteps: Scenario = {
  name: 'cluster-steps',
  cases: [undefined],
  async run(options) {
    const work: Work = (client, units) => loopsOf(units, stepTasksAtOnce, (index) => runSteps(client, index));
    const run = await through(options, scaled(6_000, options), work);
    return {
      ...run,
      n: run.n * stepsPerTask,
      extra: { ...run.extra, tasks_per_s: run.n / run.seconds },
      settings: { nodes, outstanding: stepTasksAtOnce, stepsPerTask },
    };
  },
};
