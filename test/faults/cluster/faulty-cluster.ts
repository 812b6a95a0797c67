/**
 * Three servers and three nodes, in processes of their own, whose every connection can be interfered with: those to servers and among
 * them go over wires, those among nodes are cut in the nodes themselves.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../src/client/client.ts';
import { health } from '../../../src/engine/nats/server/server-health.ts';
import type { ClusterOverview } from '../../../src/protocol/cluster-overview.ts';
import { type ClusterNodeProcess, type ClusterNodes, startClusterNodes } from '../../../tools/cluster-nodes.ts';
import { freePorts, type NatsCluster, startNatsCluster } from '../../../tools/nats-cluster.ts';
import * as app from './faults-app.fixture.ts';
import type { NodeFault } from './node-preload.fixture.ts';
import { plantVariable } from './planted-bugs.ts';
import { type Party, Wires } from './wires.ts';

export const size = 3;
export const partitions = 6;
export const numbers = Array.from({ length: size }, (_, number) => number);
/** Whose disk is small. */
export const smallServer = 2;
const smallDisk = '512m';
const ballastBytes = 1024 * 1024;
/** What JetStream may use of it. */
export const smallStorageBytes = 64 * 1024 * 1024;
/** Nobody listens there. */
const nowhere = '127.0.0.1:9';

const partiesOfWires = (): readonly (readonly [Party, Party])[] =>
  numbers.flatMap((one) =>
    numbers.flatMap((other): (readonly [Party, Party])[] => [
      [`node ${one}`, `server ${other}`],
      ...(one === other ? [] : [[`server ${one}`, `server ${other}`] as const]),
    ]),
  );

export class FaultyCluster {
  readonly folder: string;
  readonly wires: Wires;
  readonly nats: NatsCluster;
  readonly nodes: ClusterNodes;
  /** Whose files were damaged last. */
  damagedServer: number | undefined;
  readonly #onExit = (): void => this.#remove();
  readonly #faults: { skewMs: number; cut: Set<number> }[] = numbers.map(() => ({ skewMs: 0, cut: new Set() }));

  private constructor(folder: string, wires: Wires, nats: NatsCluster, nodes: ClusterNodes) {
    this.folder = folder;
    this.wires = wires;
    this.nats = nats;
    this.nodes = nodes;
    process.once('exit', this.#onExit);
  }

  /** In a folder of its own, which goes with it; as root, since it mounts a small disk. */
  static async start(): Promise<FaultyCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'tutti-faults-'));
    const small = join(folder, 'small');
    mkdirSync(small, { recursive: true });
    mount(small);
    const wires = await Wires.open(partiesOfWires());
    let nats: NatsCluster | undefined;
    try {
      nats = await startNatsCluster({
        folder,
        configure: (server, index) => {
          const { cluster } = server;
          if (cluster === undefined) throw new Error('These servers form no cluster.');
          for (const other of numbers) {
            wires.between(`node ${other}`, `server ${index}`).target = server.client.port;
            if (other !== index) wires.between(`server ${other}`, `server ${index}`).target = cluster.listen.port;
          }
          const others = numbers.filter((other) => other !== index);
          return {
            ...server,
            ...(index === smallServer
              ? { storeFolder: join(small, 'jetstream'), storeBytesMax: smallStorageBytes }
              : {}),
            cluster: {
              ...cluster,
              advertise: nowhere,
              tellsClients: false,
              routes: others.map(
                (other) => `nats://127.0.0.1:${wires.between(`server ${index}`, `server ${other}`).port}`,
              ),
            },
          };
        },
      });
      process.env['TUTTI_FAULTS_FOLDER'] = folder;
      const ports = await freePorts(size);
      const nodes = await startClusterNodes({
        module: new URL('./faults-app.fixture.ts', import.meta.url).href,
        servers: nats.urls,
        replicas: size,
        partitions,
        logLevel: 'silent',
        process: () => ({
          execArgv: [...(plantVariable in process.env ? ['planted-bug'] : []), 'node-preload', 'small-limits'].flatMap(
            (name) => ['--import', new URL(`./${name}.fixture.ts`, import.meta.url).href],
          ),
        }),
        configure: (start, index) => ({
          ...start,
          port: ports[index] as number,
          cluster: {
            ...start.cluster,
            host: hostOf(index),
            servers: numbers.map(
              (server) => `nats://127.0.0.1:${wires.between(`node ${index}`, `server ${server}`).port}`,
            ),
          },
        }),
      });
      return new FaultyCluster(folder, wires, nats, nodes);
    } catch (error) {
      await nats?.close();
      wires.close();
      unmount(small);
      throw error;
    }
  }

  node(index: number): ClusterNodeProcess {
    return this.nodes.nodes[index] as ClusterNodeProcess;
  }

  /** Has it give away what it holds, and end. */
  async stopNode(index: number): Promise<void> {
    // One that stands still does not hear that it is to end.
    this.node(index).signal('SIGCONT');
    await this.node(index).stop();
  }

  /** Starts what does not run: all servers at once, as one would wait for the others, and then all nodes. */
  async restore(): Promise<void> {
    await Promise.all(
      this.nats.servers.map((server, index) => (server.pid === undefined ? this.nats.start(index) : 0)),
    );
    await Promise.all(numbers.map((index) => this.startNode(index)));
  }

  /** Settles at once if it runs. */
  async startNode(index: number): Promise<void> {
    if (this.node(index).pid !== undefined) return;
    await this.node(index).start();
    this.#tellNode(index);
  }

  /** Its clock is ahead by so much from now on. */
  skew(index: number, skewMs: number): void {
    (this.#faults[index] as { skewMs: number }).skewMs = skewMs;
    this.#tellNode(index);
  }

  /** Two nodes cannot reach each other but over the servers. */
  cutNodes(one: number, other: number): void {
    this.#faults[one]?.cut.add(other);
    this.#faults[other]?.cut.add(one);
    this.#tellNode(one);
    this.#tellNode(other);
  }

  healNodes(): void {
    for (const [index, fault] of this.#faults.entries()) {
      fault.skewMs = 0;
      fault.cut.clear();
      this.#tellNode(index);
    }
  }

  storeOf(server: number): string {
    const { options } = this.nats.servers[server] as (typeof this.nats.servers)[number];
    return options.server.storeFolder;
  }

  /** Whether a server says that it takes part, and has what the others have. */
  async isCurrent(server: number): Promise<boolean> {
    const { options } = this.nats.servers[server] as (typeof this.nats.servers)[number];
    return (await health(options.server.monitor, 'current')) === 'ok';
  }

  /** Takes all the room that is left on the small disk. */
  fillDisk(): void {
    const file = openSync(join(this.folder, 'small', 'ballast'), 'w');
    const bytes = Buffer.alloc(ballastBytes, 1);
    try {
      for (let piece = ballastBytes; piece >= 1; )
        try {
          writeSync(file, bytes, 0, piece);
        } catch {
          piece = Math.floor(piece / 16);
        }
    } finally {
      closeSync(file);
    }
  }

  emptyDisk(): void {
    rmSync(join(this.folder, 'small', 'ballast'), { force: true });
  }

  /** What a node that runs says of the cluster; undefined: it does not answer. */
  async seenBy(index: number): Promise<ClusterOverview | undefined> {
    if (this.node(index).pid === undefined) return undefined;
    // A client that had found its node gone would have gone to another.
    const watcher = connect<typeof app>(this.node(index).url, { app, timeout: '1 s', giveUpAfter: '1 s' });
    try {
      const { cluster } = await watcher.overview();
      return cluster?.self === `n${index}` ? cluster : undefined;
    } catch {
      return undefined;
    } finally {
      await watcher.close();
    }
  }

  async close(): Promise<void> {
    await this.nodes.close();
    await this.nats.close();
    this.wires.close();
    process.off('exit', this.#onExit);
    this.#remove();
  }

  #remove(): void {
    unmount(join(this.folder, 'small'));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #tellNode(index: number): void {
    const { skewMs, cut } = this.#faults[index] as { skewMs: number; cut: Set<number> };
    this.node(index).tell({ nodeFault: { skewMs, cut: [...cut].map(hostOf) } satisfies NodeFault });
  }
}

/** Each node has an address of its own, so that others can tell whom they dial. */
const hostOf = (node: number): string => `127.0.1.${node + 1}`;

const mount = (folder: string): void => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${smallDisk}`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    throw new Error(
      'The fault tests need a small disk, and cannot mount one (mount -t tmpfs): run them as root on Linux, or in a container that may mount.',
      { cause: error },
    );
  }
};

const unmount = (folder: string): void => {
  execFileSync('umount', ['-l', folder], { stdio: 'pipe' });
};
