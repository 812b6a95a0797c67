/** The same no-op tasks as `tasks-noop`, through the client over a WebSocket from another process than the node's. */
import { connect, type RemoteClient } from 'tutti/client';
import * as app from '../app.ts';
import { noop, noopInput } from '../app.ts';
import { batchesOf, loopsOf, span } from '../measure.ts';
import { check, type RunOptions, type RunResult, type Scenario, scaled } from '../scenario.ts';
import { Serving } from '../serving.ts';

const outstanding = 5_000;
const batch = 500;
const warmUp = 1_000;

const runOne = async (client: RemoteClient<typeof app>, index: number): Promise<void> => {
  const result = await client.run(noop, noopInput(index));
  if (result !== index) check(false, `task ${index} gave ${result}`);
};

type Work = (client: RemoteClient<typeof app>, n: number) => Promise<Float64Array>;

const through = async (
  options: RunOptions,
  n: number,
  warm: number,
  work: Work,
): Promise<Omit<RunResult, 'settings'>> => {
  await using serving = await Serving.start(options);
  await using client = connect(serving.url, { app });
  await work(client, warm);
  const before = await serving.cost();
  const { value: latencies, seconds, cpuSeconds } = await span(() => work(client, n));
  const after = await serving.cost();
  const extra = { node_cpu_s: after.cpuSeconds - before.cpuSeconds, node_rss_mb: after.peakRssMb };
  return { n, seconds, cpuSeconds, latencies, extra };
};

export const clientNoop: Scenario = {
  name: 'client-noop',
  cases: [undefined],
  async run(options) {
    const n = scaled(200_000, options);
    const work: Work = (client, count) => batchesOf(count, outstanding, batch, (index) => runOne(client, index));
    return {
      ...(await through(options, n, Math.ceil(n / 10), work)),
      settings: { outstanding, batch, argumentBytes: 100 },
    };
  },
};

/** One at a time: from `run` in this process to the result that the other one's task gave. */
export const clientLatency: Scenario = {
  name: 'client-latency',
  cases: [undefined],
  async run(options) {
    const work: Work = (client, count) => loopsOf(count, 1, (index) => runOne(client, index));
    return {
      ...(await through(options, scaled(5_000, options), scaled(warmUp, options), work)),
      settings: { outstanding: 1, argumentBytes: 100 },
    };
  },
};
