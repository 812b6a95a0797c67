/** One task that many follow: how long after the first follower the last one has an event. */
import { connect } from 'tutti/client';
import * as app from '../app.ts';
import { logsLines } from '../app.ts';
import { span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';
import { Serving } from '../serving.ts';

const lines = 50;

export const followers: Scenario = {
  name: 'followers',
  cases: [undefined],
  async run(options) {
    const count = scaled(1_000, options);
    await using serving = await Serving.start(options);
    const clients = Array.from({ length: count }, () => connect(serving.url, { app }));
    const [first] = clients as [(typeof clients)[number]];
    const task = await first.start(logsLines, lines, { delay: '1 day' });
    // Everybody is connected and follows before it begins.
    const follows = clients.map((client) => client.follow(task.id));
    for (const follow of follows) check((await follow.next()).value?.type === 'state', 'a follow begins with a state');
    await first.cancel(task.id);
    for (const follow of follows) await follow.return?.();

    const again = await first.start(logsLines, lines);
    const arrivals: number[][] = Array.from({ length: lines }, () => []);
    const { seconds, cpuSeconds } = await span(() =>
      Promise.all(
        clients.map(async (client) => {
          let next = 0;
          for await (const event of client.follow(again.id)) {
            if (event.type !== 'log') continue;
            check(event.index === next++, `line ${event.index} came in place of ${next - 1}`);
            (arrivals[event.index] as number[]).push(performance.now());
          }
          check(next === lines, `${next} lines of ${lines} came`);
        }),
      ),
    );
    const latencies = Float64Array.from(arrivals, (times) => Math.max(...times) - Math.min(...times));
    const { peakRssMb } = await serving.cost();
    await Promise.all(clients.map((client) => client.close()));
    const extra = { node_rss_mb: peakRssMb };
    return { n: count * lines, seconds, cpuSeconds, latencies, extra, settings: { followers: count, lines } };
  },
};
