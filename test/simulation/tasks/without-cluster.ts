/**
 * A node that is told what to claim. What a cluster would know, nodes tell each other: who leads what. All that are there in the
 * world are its members.
 */
import { pack, unpack } from 'msgpackr';
import { HostedPartitions } from '../../../src/cluster/hosted-partitions.ts';
import { RequestRouter } from '../../../src/cluster/request-router.ts';
import { WorkRelay } from '../../../src/cluster/work-relay.ts';
import { limits } from '../../../src/limits.ts';
import type { NodeContext } from '../node.ts';
import { type Edges, hostOf, type PutTogether, watchOf } from './put-together.ts';

const helloEveryMs = 1_000;
const ended = 'its node ended';

/** What a run of a node leads, in which epochs. */
type Hello = readonly [node: string, led: readonly (readonly [partition: number, epoch: number])[]];

export const withoutCluster = (context: NodeContext, { executors, postToClient }: Edges): PutTogether => {
  const { place, env, world, bus } = context;
  const { partitions } = world.plan;
  const { name } = place.life;
  const watch = watchOf(context);
  const own = hostOf(context);

  const parts: HostedPartitions = new HostedPartitions({
    host: {
      ...own,
      env,
      bus,
      partitions,
      previousEnd: ended,
      postToExecutor: (executor, flat) => relay.toExecutor(executor, flat),
      postToClient: (client, flat) => router.fromHost(client, flat),
      onNotLed: (client, request) => router.notLed(client, request),
      replica: place.end,
      met: () => {
        meetAll();
        return relay.met();
      },
    },
    leaderEnded: (partition) => (world.leaderEnded(partition) ? ended : undefined),
    watch: {
      ...watch,
      changed: () => undefined,
      leading: (partition, epoch) => {
        watch.leading(partition, epoch);
        router.leader(partition, { node: name, epoch });
        hello();
      },
    },
  });
  const { host } = parts;
  const router: RequestRouter = new RequestRouter(name, partitions, {
    toHost: (client, flat) => host.fromClient(client, flat),
    epochOf: (partition) => parts.epoch(partition),
    addHostClient: (client) => host.addClient(client),
    removeHostClient: (client) => host.removeClient(client),
    toPeer: (node, body) => relay.sendRequests(node, body),
    toClient: postToClient,
    plan: () => own.soon(() => router.turn()),
  });
  const relay: WorkRelay = new WorkRelay(name, bus, env, host, executors, router);

  const meetAll = (): void => {
    for (const { life } of world.nodes) if (life !== undefined) relay.addNode(life.name);
  };
  const hello = (): void => {
    const led: [number, number][] = [];
    for (let partition = 0; partition < partitions; partition++)
      if (parts.epoch(partition) > 0) led.push([partition, parts.epoch(partition)]);
    bus.publish('hello', pack([name, led] satisfies Hello));
  };
  const greet = (): void => {
    meetAll();
    hello();
    env.timers.after(helloEveryMs, greet);
  };
  const tick = (): void => {
    router.tick(env.clock.monotonic());
    env.timers.after(limits.linkTickMs, tick);
  };
  bus.subscribe('hello', (bytes) => {
    const [node, led] = unpack(bytes) as Hello;
    for (const [partition, epoch] of led) router.leader(partition, { node, epoch });
  });
  greet();
  tick();

  return {
    parts,
    relay,
    cluster: undefined,
    addClient: (client) => router.addClient(client),
    fromClient: (client, flat) => router.fromClient(client, flat),
    nodeEnded: (node) => relay.removeNode(node, ended),
  };
};
