/**
 * `tutti/client`: starts tasks of an app on a node, and sees how they are, from any program or page. Loads nothing of the server
 * and no module of Node.js.
 */
import { isTask, type Task, type TaskDefinition } from '../app/task.ts';
import * as clientLimits from '../client-limits.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { onWakeUp } from '../platform/browser.ts';
import type { AppDescription } from '../protocol/app-description.ts';
import type { Method, MethodArguments } from '../protocol/methods.ts';
import type { Overview } from '../protocol/overview.ts';
import type { TaskDetail } from '../protocol/task-detail.ts';
import type { ListFilter, LogLine, TaskEvent, TaskPage, TaskStatus } from '../protocol/task-view.ts';
import * as valueLimits from '../value-limits.ts';
import { decodeValue, encodeValue } from '../values/codec.ts';
import { type Duration, durationMs } from '../values/duration.ts';
import { hash16 } from '../values/hash.ts';
import { mintTaskId, taskIdRandomBytes } from '../values/task-id.ts';
import { socketAddress } from './addresses.ts';
import { type AppTasks, appTasks, type CallOptions, type StartArguments, type StartOptions } from './app-tasks.ts';
import { ClientCore } from './client-core.ts';
import { definitionName } from './definition-name.ts';
import { followTask, type WatchOptions, watchOverview, watchTasks } from './follow.ts';
import type { ClientWorld, LinkState } from './link.ts';
import type { EventsOptions } from './task-events.ts';
import { type Token, webWorld } from './web-world.ts';

export type { AppTasks, CallOptions, StartArguments, StartOptions, TaskCalls } from './app-tasks.ts';
export type { WatchOptions } from './follow.ts';
export type { LinkState as ConnectionState } from './link.ts';
export type { EventsOptions } from './task-events.ts';

export type ConnectOptions<App = unknown> = {
  /** The app's namespace, where its definitions can be imported: then `run` and `start` take them. */
  readonly app?: App;
  /** What the gateway asks for; a function is asked anew for each connection. */
  readonly token?: Token;
  /** How long an answer may take that does not wait for a task's end. Default: 30 s. */
  readonly timeout?: Duration;
  /**
   * How long no node may be reached before everything that waits is told so; `false`: never. Default: 30 s. Where a node is there and
   * slow to greet then, it has up to 20 s for that: `timeout` is what bounds a request.
   */
  readonly giveUpAfter?: Duration | false;
};

/** A task that was started through a client. */
export interface RemoteTask<Output> {
  readonly id: string;
  /** Its result, when it is there; rejects with its error. */
  result(options?: CallOptions): Promise<Output>;
  status(options?: CallOptions): Promise<TaskStatus | undefined>;
  cancel(options?: CallOptions): Promise<void>;
  follow(options?: EventsOptions): AsyncIterableIterator<TaskEvent>;
}

/**
 * A client. Everything rejects with a `TuttiError`, whose `outcome` says what is known: `rejected` where no copy of the request
 * can still run (`UNREACHABLE`, `ABORTED`, what the node refused), `unknown` where one may (`NO_ANSWER`), `failed` for what a
 * task's own code threw. A connection that breaks is made anew, and what has no answer is asked again under the same id.
 */
export interface RemoteClient<App = unknown> extends AsyncDisposable {
  /** The tasks by the names of their exports: `client.tasks.statements.run('2026-11')`. */
  readonly tasks: AppTasks<App>;
  /** Starts a task. Settles when it is durable: from then on it runs to its end, whatever dies. */
  start<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<RemoteTask<Output>>;
  /** Starts a task and waits for its result; rejects with its error. */
  run<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<Output>;
  /** The result of a task by its id, when it is there; rejects with its error. */
  result(id: string, options?: CallOptions): Promise<unknown>;
  /** What can be seen of a task; undefined if there is none with this id. */
  status(id: string, options?: CallOptions): Promise<TaskStatus | undefined>;
  /** All that can be seen of a task, with its steps from `fromStep` on. */
  detail(id: string, options?: CallOptions & { readonly fromStep?: number }): Promise<TaskDetail | undefined>;
  /** Tasks, newest first, a page at a time. */
  list(filter?: ListFilter, options?: CallOptions): Promise<TaskPage>;
  /** Ends an unfinished task, and its children. */
  cancel(id: string, options?: CallOptions): Promise<void>;
  /** Runs a failed or cancelled task again. */
  retry(id: string, options?: CallOptions): Promise<void>;
  /** What a task logged, from the line with that index on. */
  logs(id: string, options?: CallOptions & { readonly from?: number }): Promise<readonly LogLine[]>;
  /**
   * What happens to a task, from now until it has ended: its state and progress, each log line once and in order, its result.
   * Goes on over broken connections. Begins when it is first asked for an item; `break` ends it.
   */
  follow(id: string, options?: EventsOptions): AsyncIterableIterator<TaskEvent>;
  /** What the app of the node has. */
  app(options?: CallOptions): Promise<AppDescription>;
  overview(options?: CallOptions): Promise<Overview>;
  /** The newest overview, about once a second. */
  watchOverview(options?: WatchOptions): AsyncIterableIterator<Overview>;
  /** What `list` gives, now and whenever it has changed. */
  watchTasks(filter?: ListFilter, options?: WatchOptions): AsyncIterableIterator<TaskPage>;
  /** Whether there is a connection: `ready`. */
  readonly connection: LinkState;
  /** Calls `take` whenever a connection begins to work or ends. Returns what ends that. */
  onConnection(take: (state: LinkState) => void): () => void;
  /** Addresses of nodes that are known. */
  readonly addresses: readonly string[];
  /** Ends the connection. What has no answer is told so. */
  close(): Promise<void>;
}

/**
 * A client of the nodes at these addresses. It connects when it is first asked something, and holds the connection until `close`.
 *
 * ```ts
 * import type * as app from './app.ts';
 * const client = connect<typeof app>('http://127.0.0.1:8484', { token });
 * await client.tasks.statements.run('2026-11');
 * await client.close();
 * ```
 *
 * Throws `OPTION_INVALID`, `DURATION_INVALID`.
 */
export const connect = <App = unknown>(
  urls: string | readonly string[],
  options: ConnectOptions<App> = {},
): RemoteClient<App> => {
  const addresses = (typeof urls === 'string' ? [urls] : urls).map(socketAddress);
  if (addresses.length === 0)
    throw new TuttiError('OPTION_INVALID', 'connect: at least one address is needed.', { details: { option: 'url' } });
  return new WebClient<App>(addresses, options, webWorld(options.token));
};

class WebClient<App> implements RemoteClient<App> {
  readonly tasks: AppTasks<App>;
  readonly #world: ClientWorld;
  readonly #core: ClientCore;
  readonly #clientId: string;
  readonly #app: App | undefined;
  /** Of definitions that were used. */
  readonly #names = new WeakMap<TaskDefinition, string>();
  readonly #timeoutMs: number;
  readonly #listeners = new Set<(state: LinkState) => void>();
  readonly #sleepOn: () => void;
  #retries = 0;

  constructor(addresses: readonly string[], options: ConnectOptions<App>, world: ClientWorld) {
    const { app, timeout, giveUpAfter } = options;
    this.#world = world;
    this.#app = app;
    this.#timeoutMs = timeout === undefined ? clientLimits.clientTimeoutMs : durationMs(timeout, 'timeout');
    this.#clientId = this.#mint(undefined);
    const giveUpMs =
      giveUpAfter === false ? undefined : durationMs(giveUpAfter ?? clientLimits.clientGiveUpMs, 'giveUpAfter');
    this.#core = new ClientCore(world, { addresses, clientId: this.#clientId, giveUpMs });
    this.#core.watch((state) => {
      for (const listener of [...this.#listeners]) listener(state);
    });
    this.#sleepOn = onWakeUp(() => this.#core.wake());
    this.tasks = appTasks((method, name, args) =>
      method === 'run' ? this.#send(name, args, 1) : this.#start(name, args),
    ) as AppTasks<App>;
  }

  async start<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<RemoteTask<Output>> {
    return this.#start(this.#nameOf(task), args) as Promise<RemoteTask<Output>>;
  }

  async run<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<Output> {
    return this.#send(this.#nameOf(task), args, 1) as Promise<Output>;
  }

  result(id: string, options?: CallOptions): Promise<unknown> {
    return this.#ask('wait', () => [id], options, id);
  }

  status(id: string, options?: CallOptions): Promise<TaskStatus | undefined> {
    return this.#ask('status', () => [id], options, id) as Promise<TaskStatus | undefined>;
  }

  detail(id: string, options?: CallOptions & { readonly fromStep?: number }): Promise<TaskDetail | undefined> {
    return this.#ask('detail', () => [id, options?.fromStep ?? 0], options, id) as Promise<TaskDetail | undefined>;
  }

  async list(filter: ListFilter = {}, options?: CallOptions): Promise<TaskPage> {
    const text = encodeValue(filter, 'filter');
    return this.#ask('list', () => [text], options) as Promise<TaskPage>;
  }

  cancel(id: string, options?: CallOptions): Promise<void> {
    return this.#ask('cancel', () => [id], options, id) as Promise<void>;
  }

  retry(id: string, options?: CallOptions): Promise<void> {
    const requestId = `${this.#clientId}-${++this.#retries}`;
    return this.#ask('retry', () => [id, requestId], options, id) as Promise<void>;
  }

  logs(id: string, options?: CallOptions & { readonly from?: number }): Promise<readonly LogLine[]> {
    return this.#ask('logs', () => [id, options?.from ?? 0], options, id) as Promise<readonly LogLine[]>;
  }

  follow(id: string, options: EventsOptions = {}): AsyncIterableIterator<TaskEvent> {
    return followTask(this.#core, id, options);
  }

  app(options?: CallOptions): Promise<AppDescription> {
    return this.#ask('app', () => [], options) as Promise<AppDescription>;
  }

  overview(options?: CallOptions): Promise<Overview> {
    return this.#ask('overview', () => [], options) as Promise<Overview>;
  }

  watchOverview(options?: WatchOptions): AsyncIterableIterator<Overview> {
    return watchOverview(this.#core, options);
  }

  watchTasks(filter: ListFilter = {}, options?: WatchOptions): AsyncIterableIterator<TaskPage> {
    return watchTasks(this.#core, encodeValue(filter, 'filter'), options);
  }

  get connection(): LinkState {
    return this.#core.state;
  }

  onConnection(take: (state: LinkState) => void): () => void {
    const listener = (state: LinkState): void => take(state);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get addresses(): readonly string[] {
    return this.#core.addresses;
  }

  async close(): Promise<void> {
    this.#sleepOn();
    this.#core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(name: string, args: readonly unknown[]): Promise<RemoteTask<unknown>> {
    const id = (await this.#send(name, args, 0)) as string;
    return {
      id,
      result: (options) => this.result(id, options),
      status: (options) => this.status(id, options),
      cancel: (options) => this.cancel(id, options),
      follow: (options) => this.follow(id, options),
    };
  }

  /** Starts a task, and waits for its result or not. Its id is minted when it is first sent, in the node's time, and stays. */
  async #send(name: string, args: readonly unknown[], wait: 0 | 1): Promise<unknown> {
    const [input, options = {}] = args as readonly [unknown, StartOptions | undefined];
    const { key, delay } = options;
    if (key !== undefined) checkKey(key);
    const text = encodeValue(input, 'input');
    const delayMs = delay === undefined ? 0 : durationMs(delay, 'delay');
    let id: string | undefined;
    const mint = (fromMs: number): string => {
      id = this.#mint(key === undefined ? undefined : hash16(JSON.stringify([name, key])), fromMs);
      return id;
    };
    return this.#ask(
      'start',
      () => [id ?? mint(0), name, text, key ?? null, delayMs, wait],
      options,
      () => id,
      wait === 1 ? 'wait' : 'plain',
      mint,
    );
  }

  #ask<M extends Method>(
    method: M,
    args: () => MethodArguments[M],
    { signal, timeout }: CallOptions = {},
    id?: string | (() => string | undefined),
    kind: 'plain' | 'wait' = method === 'wait' ? 'wait' : 'plain',
    renew?: (timeMs: number) => void,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ownMs = timeout === undefined ? undefined : durationMs(timeout, 'timeout');
      this.#core.ask<M>({
        kind,
        method,
        args,
        id: typeof id === 'function' ? id : () => id,
        renew,
        timeoutMs: ownMs ?? (kind === 'wait' ? undefined : this.#timeoutMs),
        signal,
        done: (text) => {
          try {
            resolve(decodeValue(text, 'answer'));
          } catch (error) {
            reject(error);
          }
        },
        failed: reject,
      });
    });
  }

  /** An id in the node's time, as far as that is known. */
  #mint(hash: number | undefined, fromMs = 0): string {
    const random = this.#world.env.random.bytes(taskIdRandomBytes + 2);
    const drawn = ((random[taskIdRandomBytes] as number) << 8) | (random[taskIdRandomBytes + 1] as number);
    const nowMs = this.#core?.nodeTimeMs ?? this.#world.env.clock.now();
    return mintTaskId(hash ?? drawn, Math.max(nowMs, fromMs), random);
  }

  #nameOf(definition: TaskDefinition): string {
    const known = this.#names.get(definition);
    if (known !== undefined) return known;
    if (!isTask(definition))
      throw new TuttiError('TASK_UNKNOWN', 'That is no task: pass a definition made by task(…), exported by the app.');
    const name = definitionName(this.#app, definition);
    if (name === undefined)
      throw this.#app === undefined
        ? new TuttiError(
            'TASK_UNKNOWN',
            "The task's name is not known here: pass the app (connect(url, { app })), write client.tasks.name.run(…), or give it a { name }.",
          )
        : new TuttiError('TASK_NOT_EXPORTED', 'The app does not export this task: export it, or give it a { name }.');
    this.#names.set(definition, name);
    return name;
  }
}

const checkKey = (key: unknown): void => {
  if (
    typeof key === 'string' &&
    key !== '' &&
    key.isWellFormed() &&
    keyBytes(key) <= valueLimits.idempotencyKeyBytesMax
  )
    return;
  throw new TuttiError(
    'OPTION_INVALID',
    `The option key must be text of 1 to ${valueLimits.idempotencyKeyBytesMax} bytes.`,
    { details: { option: 'key' } },
  );
};

const keyBytes = (key: string): number => new TextEncoder().encode(key).length;
