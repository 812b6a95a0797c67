/**
 * Nodes of a cluster on the loopback, each in a process of its own, for tests, benchmarks and demonstrations; over the servers of
 * `nats-cluster.ts`. What happens to nodes can be made to happen: they are killed, stopped and started again, with their data or without.
 * Nothing is left of them after `close`, nor when the process ends.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterNodeReady, ClusterNodeStart } from './cluster-node-process.ts';

export type ClusterNodesOptions = {
  /** Address of the app's module. */
  readonly module: string;
  /** NATS servers. */
  readonly servers: readonly string[];
  readonly replicas: number;
  /** Nodes at the beginning: 3 if not said. */
  readonly nodes?: number;
  /** Of each node: 1 if not said. */
  readonly executors?: number;
  readonly partitions?: number;
  readonly name?: string;
  /** Where their temporary folder is made; with the others of the system, if not said. */
  readonly folder?: string;
  /** What its process is started with: options of Node.js, none if not said, and its environment, this one's if not said. */
  readonly process?: (index: number) => NodeProcessOptions;
  /** `warn` if not said. */
  readonly logLevel?: ClusterNodeStart['logLevel'];
  /** Changes how a node begins. */
  readonly configure?: (start: ClusterNodeStart, index: number) => ClusterNodeStart;
};

export type NodeProcessOptions = { readonly execArgv?: readonly string[]; readonly env?: NodeJS.ProcessEnv };

export class ClusterNodeProcess {
  readonly member: string;
  readonly data: string;
  readonly #start: ClusterNodeStart;
  readonly #process: NodeProcessOptions;
  #child: ChildProcess | undefined;
  #url = '';

  constructor(start: ClusterNodeStart, options: NodeProcessOptions = {}) {
    this.#start = start;
    this.#process = options;
    this.member = start.cluster.member;
    this.data = start.data;
  }

  /** Of its gateway; another one after each start, unless `port` says which. */
  get url(): string {
    return this.#url;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Settles when it serves. Rejects if it ends before. */
  async start(): Promise<void> {
    const { execArgv = [], env = process.env } = this.#process;
    const child = fork(
      fileURLToPath(new URL('./cluster-node-process.ts', import.meta.url)),
      [JSON.stringify(this.#start)],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        execArgv: [...execArgv],
        env,
      },
    );
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`${this.member} ended before it served: ${String(signal ?? code)}`);
    });
    const [ready] = (await Promise.race([once(child, 'message'), ended])) as [ClusterNodeReady];
    ended.catch(() => undefined);
    this.#url = ready.url;
  }

  /** A message to the process, for what was loaded there by `process`. */
  tell(message: object): void {
    if (this.#child?.connected === true) this.#child.send(message);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** `kill -9`; settles when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Has it give away what it holds, and end. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  killNow(): void {
    this.#child?.kill('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

export class ClusterNodes {
  readonly nodes: ClusterNodeProcess[] = [];
  readonly #options: ClusterNodesOptions;
  readonly #folder: string;
  readonly #onExit = (): void => {
    for (const node of this.nodes) node.killNow();
  };

  constructor(options: ClusterNodesOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    process.once('exit', this.#onExit);
  }

  /** One more node; settles when it serves. */
  async add(): Promise<ClusterNodeProcess> {
    const index = this.nodes.length;
    const { module, servers, replicas, executors = 1, logLevel = 'warn', partitions, name, configure } = this.#options;
    const start: ClusterNodeStart = {
      module,
      data: join(this.#folder, `n${index}`),
      executors,
      logLevel,
      cluster: {
        servers,
        replicas,
        syncs: true,
        member: `n${index}`,
        ...(partitions === undefined ? {} : { partitions }),
        ...(name === undefined ? {} : { name }),
      },
    };
    const node = new ClusterNodeProcess(configure?.(start, index) ?? start, this.#options.process?.(index));
    this.nodes.push(node);
    await node.start();
    return node;
  }

  /** Gateways of those that run. */
  get urls(): readonly string[] {
    return this.nodes.filter(({ pid }) => pid !== undefined).map(({ url }) => url);
  }

  /** Ends them at once. */
  async close(): Promise<void> {
    process.off('exit', this.#onExit);
    for (const node of this.nodes) node.signal('SIGCONT');
    await Promise.all(this.nodes.map((node) => node.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export const startClusterNodes = async (options: ClusterNodesOptions): Promise<ClusterNodes> => {
  const nodes = new ClusterNodes(options, await mkdtemp(join(options.folder ?? tmpdir(), 'tutti-nodes-')));
  try {
    await Promise.all(Array.from({ length: options.nodes ?? 3 }, () => nodes.add()));
  } catch (error) {
    await nodes.close();
    throw error;
  }
  return nodes;
};
