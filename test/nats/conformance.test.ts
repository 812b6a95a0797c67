/** The NATS engine does what every engine does, on a cluster of three real servers. */
import { afterAll, beforeAll } from 'vitest';
import { blobsConformance, busConformance, type Harness, logConformance } from '../../src/engine/conformance.ts';
import { connectNats, type NatsEngine } from '../../src/engine/nats/connect.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';

let servers: NatsCluster;
let clusters = 0;

beforeAll(async () => {
  servers = await startNatsCluster();
});
afterAll(() => servers?.close());

const connectTo = (cluster: string): Promise<NatsEngine> =>
  connectNats({
    servers: servers.urls,
    cluster,
    replicas: servers.replicas,
    name: 'test',
    env: nodeEnv(),
    monitors: [0, 1, 2].map((index) => servers.monitor(index)),
    onWarning: ({ message }) => {
      throw new Error(message);
    },
  });

/** A cluster of its own for each test, and another connection for who opens it again. */
const onNats =
  <T>(part: (engine: NatsEngine) => Promise<T>) =>
  async (): Promise<Harness<T>> => {
    const cluster = `c${++clusters}`;
    const engines: NatsEngine[] = [];
    const open = async (): Promise<T> => {
      const engine = await connectTo(cluster);
      engines.push(engine);
      return part(engine);
    };
    return {
      subject: await open(),
      reopen: open,
      close: async () => {
        for (const engine of engines) await engine.close();
      },
    };
  };

logConformance(
  'a NATS stream',
  onNats((engine) => engine.openLog('p0')),
);
blobsConformance(
  'blobs in NATS',
  onNats((engine) => engine.openBlobs()),
);
busConformance(
  'a bus over NATS',
  onNats((engine) => Promise.resolve(engine.bus)),
);
