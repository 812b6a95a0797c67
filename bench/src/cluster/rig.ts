/** A cluster to measure: NATS servers that sync, and nodes with the app of the benchmarks, each in a process of its own on this machine. */
import { mkdirSync } from 'node:fs';
import { connect, type RemoteClient } from 'tutti/client';
import { ask } from '../../../src/engine/nats/server/server-health.ts';
import { type ClusterNodes, startClusterNodes } from '../../../tools/cluster-nodes.ts';
import { type NatsCluster, startNatsCluster } from '../../../tools/nats-cluster.ts';
import * as app from '../app.ts';
import { mostMemoryMb, processCpuSeconds } from '../machine.ts';

export type RigOptions = {
  /** An empty folder on a real disk. */
  readonly folder: string;
  readonly nodes: number;
  readonly partitions: number;
  /** Of each node. */
  readonly executors: number;
  /** Of each executor; default: as nodes have them. */
  readonly slots?: number;
  /** Finished tasks that are kept; default: as nodes keep them. */
  readonly retentionTasks?: number;
  /** Added to the environment of a node. */
  readonly env?: (index: number) => Readonly<Record<string, string>>;
};

/** Seconds of processor time so far. */
export type RigCost = { readonly nodesCpu: number; readonly serversCpu: number };

/** What NATS servers took from clients (that is: nodes) and gave to them, so far. */
export type Traffic = {
  readonly inMessages: number;
  readonly outMessages: number;
  readonly inBytes: number;
  readonly outBytes: number;
};

type Varz = {
  readonly in_msgs: number;
  readonly out_msgs: number;
  readonly in_bytes: number;
  readonly out_bytes: number;
};
type Connection = Varz & { readonly name?: string };

const lookMs = 50;

export class Rig {
  readonly nats: NatsCluster;
  readonly nodes: ClusterNodes;
  readonly partitions: number;
  readonly #clients: RemoteClient<typeof app>[] = [];

  static async start({
    folder,
    nodes: count,
    partitions,
    executors,
    slots,
    retentionTasks,
    env = () => ({}),
  }: RigOptions): Promise<Rig> {
    mkdirSync(folder, { recursive: true });
    const nats = await startNatsCluster({ folder });
    try {
      const nodes = await startClusterNodes({
        module: import.meta.resolve('../app.ts'),
        servers: nats.urls,
        replicas: nats.replicas,
        nodes: count,
        partitions,
        executors,
        folder,
        process: (index) => ({ execArgv: process.execArgv, env: { ...process.env, ...env(index) } }),
        // Each its own server, as on machines of their own; it learns of the others.
        configure: (start, index) => ({
          ...start,
          ...(slots === undefined ? {} : { slots }),
          ...(retentionTasks === undefined ? {} : { retention: { tasks: retentionTasks } }),
          cluster: { ...start.cluster, servers: [nats.url(index % nats.replicas)] },
        }),
      });
      const rig = new Rig(nats, nodes, partitions);
      await rig.atRest(count);
      return rig;
    } catch (error) {
      await nats.close();
      throw error;
    }
  }

  constructor(nats: NatsCluster, nodes: ClusterNodes, partitions: number) {
    this.nats = nats;
    this.nodes = nodes;
    this.partitions = partitions;
  }

  /** A client of its own connection, to the first of these nodes that answers; default: all of them. */
  client(urls: readonly string[] = this.nodes.urls): RemoteClient<typeof app> {
    const client = connect<typeof app>(urls, { app, timeout: '60 s', giveUpAfter: '60 s' });
    this.#clients.push(client);
    return client;
  }

  /** Settles when all nodes are up, and every partition is led as the map says, evenly, and followed. Gives the milliseconds. */
  async atRest(members: number): Promise<number> {
    const client = this.client();
    const began = performance.now();
    for (;;) {
      const seen = (await client.overview().catch(() => undefined))?.cluster;
      const up = seen?.members.filter(({ state }) => state === 'up') ?? [];
      const leads = up.map((member) => member.leads);
      const rests = seen?.partitions.every(
        ({ leader, named, standbys }) =>
          leader?.member === named && (members === 1 || standbys.some((each) => each.named && each.following)),
      );
      if (up.length === members && rests === true && Math.max(...leads) - Math.min(...leads) <= 1) break;
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
    await client.close();
    return performance.now() - began;
  }

  /** Of each partition, as far as is heard; 0: nobody leads it. */
  async epochs(): Promise<readonly number[]> {
    const client = this.client();
    const { cluster } = await client.overview();
    await client.close();
    return (cluster?.partitions ?? []).map(({ leader }) => leader?.epoch ?? 0);
  }

  /** Of each partition that its leader has given to another, as the first node heard it: how long nobody led it, in milliseconds. */
  async handOvers(since: Date): Promise<readonly number[]> {
    const client = this.client(this.nodes.urls.slice(0, 1));
    const { cluster } = await client.overview();
    await client.close();
    return (cluster?.moves ?? []).flatMap(({ what, at, tookMs }) =>
      what === 'handedOver' && at >= since && tookMs !== undefined ? [tookMs] : [],
    );
  }

  cost(): RigCost {
    const sum = (pids: readonly (number | undefined)[]): number =>
      pids.reduce<number>((all, pid) => all + (pid === undefined ? 0 : processCpuSeconds(pid)), 0);
    return {
      nodesCpu: sum(this.nodes.nodes.map(({ pid }) => pid)),
      serversCpu: sum(this.nats.servers.map(({ pid }) => pid)),
    };
  }

  /** The most that each node has had. */
  nodesMemoryMb(): readonly number[] {
    return this.nodes.nodes.flatMap(({ pid }) => (pid === undefined ? [] : [mostMemoryMb(pid)]));
  }

  /** Of connections of nodes, all roles together. */
  async traffic(): Promise<Traffic> {
    const total = { inMessages: 0, outMessages: 0, inBytes: 0, outBytes: 0 };
    for (const server of this.nats.servers) {
      const { connections } = (await ask(server.options.server.monitor, 'connz?limit=10000')) as {
        readonly connections: readonly Connection[];
      };
      for (const connection of connections) {
        total.inMessages += connection.in_msgs;
        total.outMessages += connection.out_msgs;
        total.inBytes += connection.in_bytes;
        total.outBytes += connection.out_bytes;
      }
    }
    return total;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    // A profile is written by a process that ends by itself.
    if (process.execArgv.includes('--cpu-prof')) await Promise.all(this.nodes.nodes.map((node) => node.stop()));
    await this.nodes.close();
    await this.nats.close();
  }
}
