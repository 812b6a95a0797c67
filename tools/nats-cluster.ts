/**
 * A real NATS cluster on the loopback, for tests, benchmarks and demonstrations: servers of their own with JetStream and
 * `sync_interval: always`, on ports that were free, over a temporary folder. What happens to servers can be made to happen: they
 * are killed, stopped and started again. Nothing is left of it after `close`, nor when the process ends.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NatsServerOptions } from '../src/engine/nats/server/server-config.ts';
import { ask } from '../src/engine/nats/server/server-health.ts';
import { NatsServerProcess } from '../src/engine/nats/server/server-process.ts';
import { ensureNatsServer } from './setup-nats.ts';

const host = '127.0.0.1';
const portTriesMax = 5;

export type NatsClusterOptions = {
  /** 3 if not said. One is quicker, and loses what it has when its folder goes. */
  readonly servers?: 1 | 3;
  /** Where its temporary folder is made; with the others of the system, if not said. */
  readonly folder?: string;
  /** The file to run; the server of this machine if not said. */
  readonly binary?: string;
  /** Changes what a server is told: accounts, TLS, how it syncs. */
  readonly configure?: (server: NatsServerOptions, index: number) => NatsServerOptions;
  /** Whether servers that die are started again by themselves; if not said, they are not. */
  readonly restarts?: boolean;
};

export class NatsCluster {
  readonly servers: readonly NatsServerProcess[];
  readonly #folder: string;
  readonly #onExit = (): void => {
    for (const server of this.servers) server.killNow();
    rmSync(this.#folder, { recursive: true, force: true });
  };

  constructor(servers: readonly NatsServerProcess[], folder: string) {
    this.servers = servers;
    this.#folder = folder;
    process.once('exit', this.#onExit);
  }

  /** For clients, one address for each server. */
  get urls(): readonly string[] {
    return this.servers.map((_, index) => this.url(index));
  }

  url(index: number): string {
    return `nats://${host}:${this.#server(index).options.server.client.port}`;
  }

  monitor(index: number): string {
    return `http://${host}:${this.#server(index).options.server.monitor.port}`;
  }

  get replicas(): number {
    return this.servers.length;
  }

  /** `kill -9`. */
  kill(index: number): Promise<void> {
    return this.#server(index).kill();
  }

  /** It stands still, with all its connections, until `goOn`. */
  pause(index: number): void {
    this.#server(index).signal('SIGSTOP');
  }

  goOn(index: number): void {
    this.#server(index).signal('SIGCONT');
  }

  /** Starts one that was killed; settles when it is current. */
  async start(index: number): Promise<void> {
    await this.#server(index).start();
    await this.#server(index).untilHealthy();
  }

  /** Settles when all servers take part and have what the others have. */
  async untilHealthy(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.untilHealthy()));
  }

  /** The index of the server that leads a stream, or all of JetStream (`undefined`), as the servers themselves see it. */
  async leaderOf(stream: string | undefined): Promise<number> {
    for (;;) {
      for (const [index, server] of this.servers.entries()) {
        if (server.pid === undefined) continue;
        const leader = await leaderSeenBy(server, stream).catch(() => undefined);
        if (leader !== undefined && leader === this.#server(index).options.server.name) return index;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async close(): Promise<void> {
    process.off('exit', this.#onExit);
    for (const server of this.servers) server.signal('SIGCONT');
    await Promise.all(this.servers.map((server) => server.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #server(index: number): NatsServerProcess {
    const server = this.servers[index];
    if (server === undefined) throw new Error(`This cluster has no server ${index}.`);
    return server;
  }
}

/** Starts a cluster and waits until all of its servers take part in it. */
export const startNatsCluster = async (options: NatsClusterOptions = {}): Promise<NatsCluster> => {
  const binary = options.binary ?? (await ensureNatsServer()).path;
  for (let tries = 1; ; tries++) {
    const cluster = await makeCluster(binary, options);
    try {
      // Each waits for more than half of the others.
      await Promise.all(cluster.servers.map((server) => server.start()));
      await cluster.untilHealthy();
      return cluster;
    } catch (error) {
      const said = cluster.servers.flatMap((server) => server.lastLines);
      await cluster.close();
      if (tries >= portTriesMax || !said.some((line) => line.includes('address already in use'))) throw error;
    }
  }
};

const makeCluster = async (binary: string, options: NatsClusterOptions): Promise<NatsCluster> => {
  const { servers: count = 3, configure = (server) => server, restarts = false } = options;
  const folder = await mkdtemp(path.join(options.folder ?? tmpdir(), 'tutti-nats-'));
  const ports = await freePorts(count * 3);
  const take = (): number => ports.pop() as number;
  const members = Array.from({ length: count }, (_, index) => ({
    name: `n${index}`,
    client: { host, port: take() },
    monitor: { host, port: take() },
    routes: { host, port: take() },
  }));
  const servers = members.map(({ name, client, monitor, routes }, index) => {
    const server: NatsServerOptions = {
      name,
      client,
      monitor,
      storeFolder: path.join(folder, name, 'jetstream'),
      ...(count === 1
        ? {}
        : {
            cluster: {
              name: 'test',
              listen: routes,
              routes: members.map((one) => `nats://${host}:${one.routes.port}`),
            },
          }),
    };
    return new NatsServerProcess({
      binary,
      folder: path.join(folder, name),
      server: { ...configure(server, index), monitor },
      restarts,
    });
  });
  return new NatsCluster(servers, folder);
};

/**
 * Ports below those that systems give to outgoing connections, so that a server which is away for a while finds its own free
 * again. Another process may still be quicker: then all is tried anew.
 */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

type StreamDetail = { readonly name: string; readonly cluster?: { readonly leader?: string } };
type Jsz = {
  readonly server_id?: string;
  readonly meta_cluster?: { readonly leader?: string };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[];
};

const leaderSeenBy = async (server: NatsServerProcess, stream: string | undefined): Promise<string | undefined> => {
  const jsz = (await ask(server.options.server.monitor, 'jsz?streams=true')) as Jsz;
  if (stream === undefined) return jsz.meta_cluster?.leader;
  const streams = (jsz.account_details ?? []).flatMap((account) => account.stream_detail ?? []);
  return streams.find(({ name }) => name === stream)?.cluster?.leader;
};
