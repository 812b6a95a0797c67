/** Starts over HTTP with connections that are kept alive: each answer means that the task is on disk. */
import { Agent, request } from 'node:http';
import { noopInput } from '../app.ts';
import { loopsOf, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';
import { Serving } from '../serving.ts';

const connections = 100;

/** Plain `node:http`: it costs the machine less than `fetch`, and the machine is shared with the node. */
const post = (url: string, agent: Agent, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': body.length } },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });

export const httpStarts: Scenario = {
  name: 'http-starts',
  cases: [undefined],
  async run(options) {
    const n = scaled(60_000, options);
    await using serving = await Serving.start(options);
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    const url = `${serving.url}/v1/tasks/noop`;
    const start = async (index: number): Promise<void> => {
      const status = await post(url, agent, JSON.stringify(noopInput(index)));
      check(status === 202, `start ${index} was answered with ${status}`);
    };
    await loopsOf(Math.ceil(n / 10), connections, start);
    const before = await serving.cost();
    const { value: latencies, seconds, cpuSeconds } = await span(() => loopsOf(n, connections, start));
    const after = await serving.cost();
    agent.destroy();
    const extra = { node_cpu_s: after.cpuSeconds - before.cpuSeconds, node_rss_mb: after.peakRssMb };
    return { n, seconds, cpuSeconds, latencies, extra, settings: { connections, argumentBytes: 100 } };
  },
};
