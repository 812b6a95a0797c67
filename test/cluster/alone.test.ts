/** A node that is the only one: nobody else tells it that its last run has ended. */
import { expect, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { startClusterNodes } from '../../tools/cluster-nodes.ts';
import { startNatsCluster } from '../../tools/nats-cluster.ts';
import * as app from './cluster-app.fixture.ts';

test('a task that ends its process each time is ended by what it did, and the node goes on', async () => {
  const nats = await startNatsCluster({ servers: 1 });
  const cluster = await startClusterNodes({
    module: new URL('./cluster-app.fixture.ts', import.meta.url).href,
    servers: nats.urls,
    replicas: 1,
    nodes: 1,
  });
  const [node] = cluster.nodes as [(typeof cluster.nodes)[number]];
  const clientNow = () => connect<typeof app>(node.url, { app, timeout: '2 s', giveUpAfter: '2 s' });
  try {
    let runs = 1;
    const stateNow = async (): Promise<string | undefined> => {
      if (node.pid === undefined) {
        runs++;
        // It may be ended again before it serves.
        await node.start().catch(() => undefined);
      }
      const client = clientNow();
      try {
        // Nobody may have been told that it was started: by its key it is started once.
        const { id } = await client.start(app.ends, undefined, { key: 'once' });
        return (await client.status(id))?.state;
      } catch {
        return undefined;
      } finally {
        await client.close();
      }
    };
    await expect.poll(stateNow, { timeout: 100_000, interval: 100 }).toBe('failed');
    // One whose grant was not durable yet, four that count, and the run in which that is told.
    expect(runs).toBeLessThanOrEqual(6);
    const client = clientNow();
    await expect(client.run(app.ends, undefined, { key: 'once' })).rejects.toMatchObject({ code: 'TASK_CRASHED' });
    expect(await client.run(app.square, 3)).toBe(9);
    await client.close();
  } finally {
    await cluster.close();
    await nats.close();
  }
});
