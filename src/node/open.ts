/**
 * `open`: starts an embedded node in threads of this process and gives its client. The main thread holds nothing else.
 */
import { Worker } from 'node:worker_threads';
import { type AppCatalogue, catalogueOf } from '../app/catalogue-of-app.ts';
import type { SpecAnswer, SpecQuestion } from '../cluster/spec-message.ts';
import type { SpecOutcome } from '../cluster/specs-elsewhere.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { LoopDelayMeter } from '../execution/loop-delay.ts';
import type { MountContext } from '../gateway/gateway.ts';
import { createLog, eventSink } from '../observe/log.ts';
import { nodeEnv } from '../platform/node.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import type { Overview, ThreadOverview } from '../protocol/overview.ts';
import { parkOnExit } from '../store/parking.ts';
import { decodeError } from '../values/codec.ts';
import { AppClient, type Client } from './app-client.ts';
import { NodeBackend } from './backend.ts';
import { withCompileCache } from './compile-cache.ts';
import type { FromNodeThread, NodeOverview, NodeThreadData, ToNodeThread } from './control.ts';
import { LocalClient } from './local-client.ts';
import type { SpecAsked } from './member-control.ts';
import { checkOptions, type OpenOptions } from './options.ts';
import { NodeServing, type ServeOptions, type Serving } from './serving.ts';

export type { EventsOptions } from '../client/task-events.ts';
export type { MountContext } from '../gateway/gateway.ts';
export type { ListFilter, LogLine, TaskEvent, TaskStateName, TaskStatus } from '../protocol/task-view.ts';
export type { Client, StartArguments, StartOptions, TaskHandle } from './app-client.ts';
/** Executor threads, and how many of them run something now. */
export type NodeStats = { readonly executors: number; readonly busyExecutors: number };

export type { FollowOptions } from './local-client.ts';
export type { OpenOptions } from './options.ts';
export type { ServeOptions, Serving } from './serving.ts';

/** An embedded node. */
export interface Tutti extends Client {
  /**
   * The node's gateway as one function, to be mounted in a server of your own. It asks for no token: who may come in is that
   * server's affair. `context.basePath`: what stands before its paths there. Never rejects: what goes wrong is a problem.
   */
  readonly fetch: (request: Request, context?: MountContext) => Promise<Response>;
  /**
   * Serves programs, browsers and the `tutti` command on a port, until the node is closed. Rejects with `ADDRESS_UNPROTECTED`,
   * `ADDRESS_IN_USE`, `OPTION_INVALID`, `APP_LOAD`.
   */
  serve(options?: ServeOptions): Promise<Serving>;
  stats(): Promise<NodeStats>;
  /** Ends one executor thread as a crash would; what it ran is run again. For demonstrations and tests. */
  killExecutor(): Promise<void>;
  /** Gives back what runs, without blame, and ends the threads. What is unfinished goes on at the next `open`. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts an embedded node on a data folder.
 *
 * ```ts
 * import * as app from './app.ts';
 * const node = await open({ app, module: import.meta.resolve('./app.ts') });
 * await node.run(app.statements, '2026-11');
 * await node.close(); // or, on Node 24: await using node = …
 * ```
 *
 * Throws `OPTION_INVALID`, `APP_LOAD`, `APP_INVALID`, `APP_MISMATCH`, `DATA_LOCKED`, `DATA_FORMAT`, `DATA_UNAVAILABLE`,
 * `LOG_DAMAGED`, `STORE_FAILED`.
 */
export const open = async (options: OpenOptions): Promise<Tutti> =>
  openNode(options, options.app === undefined ? undefined : catalogueOf(options.app));

/** As `open`, for a caller that has read the app itself. */
export const openNode = async (
  options: OpenOptions,
  catalogue: AppCatalogue | undefined,
  development: Development = {},
): Promise<EmbeddedNode> => {
  const settings = checkOptions(options);
  const { membership, folder, logLevel } = settings;
  if (membership?.from !== undefined && folder !== undefined) {
    const { takeToCluster } = await import('./take-folder.ts');
    await takeToCluster(membership.from, membership, folder, nodeEnv(eventSink(createLog(logLevel))));
  }
  return startNode({ ...settings, ...development, fingerprint: catalogue?.fingerprint }, catalogue);
};

export type Development = Pick<NodeThreadData, 'rehearses'>;

/** Starts the threads of a node. */
export const startNode = async (data: NodeThreadData, catalogue: AppCatalogue | undefined): Promise<EmbeddedNode> => {
  const worker = new Worker(nodeThreadEntry, { workerData: data, name: 'tutti-node', env: withCompileCache() });
  const unpark = parkOnExit((cell) => worker.postMessage({ kind: 'park', cell } satisfies ToNodeThread));
  const ready = await firstMessage(worker).finally(() => worker.once('exit', unpark));
  if (ready.kind !== 'ready') {
    await worker.terminate();
    throw ready.kind === 'failed'
      ? decodeError(ready.error)
      : new TuttiError('INVARIANT', `The node thread began with ${ready.kind}.`);
  }
  return new EmbeddedNode(
    worker,
    data,
    new LocalClient(ready.client, ready.partitions, nodeEnv()),
    catalogue,
    ready.names,
  );
};

/** The entry file has the extension of this file: `.ts` in the repository, `.js` in the published package. */
const nodeThreadEntry = new URL(`./node-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

const firstMessage = (worker: Worker): Promise<FromNodeThread> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new TuttiError('INVARIANT', `The node thread ended with code ${code} before it was ready.`)),
    );
  });

/** What is asked of the node thread, and answered. */
type NodeQuestion =
  | { readonly kind: 'overview' }
  | { readonly kind: 'killExecutor' }
  | { readonly kind: 'askSpec'; readonly question: SpecQuestion };

/** What `open` gives, and what only the command line needs. */
export class EmbeddedNode extends AppClient implements Tutti {
  readonly #worker: Worker;
  readonly #module: string;
  /** Of a cluster. */
  readonly #isMember: boolean;
  readonly #client: LocalClient;
  readonly #answers = new Map<number, { resolve(value: unknown): void; reject(reason: Error): void }>();
  readonly #loopDelay = new LoopDelayMeter();
  #nextRequest = 1;
  #closing: Promise<void> | undefined;
  #ended: (() => void) | undefined;
  #backend: Promise<NodeBackend> | undefined;
  /** Of other nodes of its cluster. */
  #gateways: readonly string[] = [];
  readonly #serving: NodeServing;
  readonly #failure = Promise.withResolvers<Error>();
  /** Settles, with the reason, when the node has stopped by itself. */
  readonly failure = this.#failure.promise;

  constructor(
    worker: Worker,
    { module, logLevel, membership }: NodeThreadData,
    client: LocalClient,
    catalogue: AppCatalogue | undefined,
    names: readonly string[],
  ) {
    super(client, catalogue, names);
    this.#worker = worker;
    this.#module = module;
    this.#isMember = membership !== undefined;
    this.#serving = new NodeServing(() => this.backend(), logLevel);
    this.#client = client;
    worker.on('message', (message: FromNodeThread) => this.#receive(message));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () =>
      this.#end(new TuttiError('CLOSED', 'The node has ended. What was accepted is kept; open the data folder again.')),
    );
  }

  async stats(): Promise<NodeStats> {
    const { executors } = await this.#askNode<NodeOverview>({ kind: 'overview' });
    return { executors: executors.length, busyExecutors: executors.filter(({ busy }) => busy > 0).length };
  }

  /** Counters since it began, and how it is now. */
  async overview(): Promise<Overview> {
    const seen = await this.#askNode<NodeOverview>({ kind: 'overview' });
    const main: ThreadOverview = { name: 'main', loopDelay: this.#loopDelay.read() };
    return { time: new Date(), ...seen, threads: [main, ...seen.threads] };
  }

  /** The server of the engine beside a cluster's node has told of this: it is shown. */
  serverTrouble(trouble: ServerTrouble): void {
    this.#tell({ kind: 'serverTrouble', trouble });
  }

  /** Bound, so that it can be handed on by itself. */
  readonly fetch = (request: Request, context?: MountContext): Promise<Response> =>
    this.#serving.fetch(request, context);

  async serve(options: ServeOptions = {}): Promise<Serving> {
    const serving = await this.#serving.serve(options);
    this.#tell({ kind: 'gateway', address: serving.url });
    return serving;
  }

  /** The node as a gateway needs it. Rejects with `APP_LOAD`, `APP_INVALID`. */
  backend(): Promise<NodeBackend> {
    this.#backend ??= this.#openBackend();
    return this.#backend;
  }

  async #openBackend(): Promise<NodeBackend> {
    const backend = await NodeBackend.open(
      this.#client,
      this.#module,
      nodeEnv(),
      () => this.overview(),
      this.#isMember ? (question) => this.#askNode<SpecOutcome>({ kind: 'askSpec', question }) : undefined,
    );
    backend.setAddresses(this.#gateways);
    return backend;
  }

  killExecutor(): Promise<void> {
    return this.#askNode<void>({ kind: 'killExecutor' });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#serving.close();
    this.#client.close(
      new TuttiError('CLOSED', 'The node was closed. What was accepted goes on when the data folder is opened again.'),
    );
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    this.#tell({ kind: 'close' });
    // One that could not be opened has nothing to close.
    await this.#backend?.then(
      (backend) => backend.close(),
      () => undefined,
    );
    await ended;
  }

  #askNode<Value>(question: NodeQuestion): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      if (this.#closing !== undefined) {
        reject(new TuttiError('CLOSED', 'The node was closed.'));
        return;
      }
      const request = this.#nextRequest++;
      this.#answers.set(request, { resolve: (value) => resolve(value as Value), reject });
      this.#tell({ ...question, request });
    });
  }

  #tell(message: ToNodeThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromNodeThread): void {
    if (message.kind === 'answer') {
      this.#answers.get(message.request)?.resolve(message.value);
      this.#answers.delete(message.request);
    } else if (message.kind === 'gateways') {
      this.#gateways = message.addresses;
      void this.#backend?.then((backend) => backend.setAddresses(this.#gateways)).catch(() => undefined);
    } else if (message.kind === 'specAsked') {
      void this.#saySpec(message);
    } else if (message.kind === 'failed') {
      const error = decodeError(message.error);
      this.#failure.resolve(error);
      this.#client.close(error);
    }
  }

  async #saySpec({ asked, question }: SpecAsked): Promise<void> {
    const answer = await this.backend().then(
      (backend) => backend.specFor(question),
      // It closes, or its app cannot be loaded beside the executors.
      (): SpecAnswer => ({ kind: 'cannot' }),
    );
    this.#tell({ kind: 'specSaid', asked, answer });
  }

  #end(reason: Error): void {
    if (this.#closing === undefined) this.#failure.resolve(reason);
    this.#client.close(reason);
    for (const { reject } of this.#answers.values()) reject(reason);
    this.#answers.clear();
    this.#ended?.();
    this.#closing ??= Promise.resolve();
  }
}
