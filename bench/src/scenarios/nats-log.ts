/** Appends to one log of the NATS engine: three servers on this machine, which sync each before they acknowledge. */
import { mkdirSync } from 'node:fs';
import { connectNats } from '../../../src/engine/nats/connect.ts';
import { nodeEnv } from '../../../src/platform/node.ts';
import { type NatsCluster, startNatsCluster } from '../../../tools/nats-cluster.ts';
import { processCpuSeconds } from '../machine.ts';
import { loopsOf, percentile, type Span, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const appends = 4_000;
const warmUpShare = 0.1;
const sizesKb = [1, 16, 64];
/** Whose figures stand in the line. */
const mainKb = 16;

export const natsLog: Scenario = {
  name: 'nats-log',
  cases: [1, 8],
  async run(options) {
    const { callers = 1, folder } = options;
    mkdirSync(folder, { recursive: true });
    const n = scaled(callers === 1 ? appends / 4 : appends, options);
    const servers = await startNatsCluster({ folder });
    const engine = await connectNats({
      servers: servers.urls,
      cluster: 'bench',
      replicas: servers.replicas,
      name: 'bench',
      env: nodeEnv(),
      monitors: servers.urls.map((_, index) => servers.monitor(index)),
      onWarning: ({ message }) => check(false, message),
    });
    const extra: Record<string, number> = {};
    let main: Span<Float64Array> | undefined;
    for (const kb of sizesKb) {
      const log = await engine.openLog(`of${kb}`);
      const bytes = new Uint8Array(kb * 1024).fill(1);
      let end = 0;
      const append = async (): Promise<void> => {
        const after = end++;
        const result = await log.append(bytes, after);
        check(result.kind === 'appended', `an append after ${after} gave ${JSON.stringify(result)}`);
      };
      await loopsOf(Math.ceil(n * warmUpShare), callers, append);
      const serversBefore = serversCpuSeconds(servers);
      const measured = await span(() => loopsOf(n, callers, append));
      extra[`per_s_${kb}k`] = n / measured.seconds;
      extra[`p50_ms_${kb}k`] = percentile(measured.value, 0.5);
      extra[`p99_ms_${kb}k`] = percentile(measured.value, 0.99);
      if (kb !== mainKb) continue;
      extra['servers_cpu_s'] = serversCpuSeconds(servers) - serversBefore;
      main = measured;
    }
    await engine.close();
    await servers.close();
    const { seconds, cpuSeconds, value: latencies } = main as Span<Float64Array>;
    return { n, seconds, cpuSeconds, latencies, extra, settings: { callers, servers: servers.replicas, kb: mainKb } };
  },
};

const serversCpuSeconds = (servers: NatsCluster): number =>
  servers.servers.reduce((sum, { pid }) => sum + (pid === undefined ? 0 : processCpuSeconds(pid)), 0);
