/**
 * `open`: starts an embedded node in threads of this process and gives its client. The main thread holds nothing else.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type AppCatalogue, catalogueOf } from '../app/catalogue-of-app.ts';
import { encodePolicy, policyOf } from '../app/policy.ts';
import { type InputArguments, isTask, type Task, type TaskDefinition } from '../app/task.ts';
import { validateInput } from '../app/validate-input.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { nodeEnv } from '../platform/node.ts';
import { parkOnExit } from '../store/parking.ts';
import type { ListFilter, LogLine, TaskStatus } from '../tasks/client-requests.ts';
import { decodeError, decodeValue, encodeValue } from '../values/codec.ts';
import { type Duration, durationMs } from '../values/duration.ts';
import type { FromNodeThread, NodeStats, NodeThreadData, ToNodeThread } from './control.ts';
import { LocalClient, type StartSpec, type TaskEvent } from './local-client.ts';
import { checkOptions, type OpenOptions } from './options.ts';

export type { ListFilter, LogLine, TaskStateName, TaskStatus } from '../tasks/client-requests.ts';
export type { NodeStats } from './control.ts';
export type { TaskEvent } from './local-client.ts';
export type { OpenOptions } from './options.ts';

export type StartOptions = {
  /** An idempotency key, unique per task: starting again with the same key and input attaches to the same task. */
  readonly key?: string;
  /** How long to wait before it runs. */
  readonly delay?: Duration;
};

/** A task that was started. */
export interface TaskHandle<Output> {
  readonly id: string;
  /** Its result, when it is there; rejects with its error. */
  result(): Promise<Output>;
  status(): Promise<TaskStatus | undefined>;
  cancel(): Promise<void>;
}

/** Input (left out where the task takes none), then options. */
export type StartArguments<Input> = [...input: InputArguments<Input>, options?: StartOptions];

/** An embedded node. */
export interface Tutti {
  /** Starts a task. Settles when it is durable: from then on it runs to its end, whatever dies. */
  start<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<TaskHandle<Output>>;
  /** Starts a task and waits for its result; rejects with its error. */
  run<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<Output>;
  /** What can be seen of a task; undefined if there is none with this id. */
  status(id: string): Promise<TaskStatus | undefined>;
  /** Tasks, newest first. */
  list(filter?: ListFilter): Promise<readonly TaskStatus[]>;
  /** Ends an unfinished task, and its children. */
  cancel(id: string): Promise<void>;
  /** Runs a failed or cancelled task again. */
  retry(id: string): Promise<void>;
  /** What a task logged with `ctx.log`. */
  logs(id: string): Promise<readonly LogLine[]>;
  /** Calls `take` for each event of a task until the returned function is called. */
  follow(id: string, take: (event: TaskEvent) => void): () => void;
  /** The result of a task by its id. */
  result(id: string): Promise<unknown>;
  stats(): Promise<NodeStats>;
  /** Ends one executor thread as a crash would; what it ran is run again. For demonstrations and tests. */
  killExecutor(): Promise<void>;
  /** Names of the app's tasks. */
  readonly tasks: readonly string[];
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
export const openNode = async (options: OpenOptions, catalogue: AppCatalogue | undefined): Promise<EmbeddedNode> =>
  startNode({ ...checkOptions(options), fingerprint: catalogue?.fingerprint }, catalogue);

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
  return new EmbeddedNode(worker, new LocalClient(ready.client, ready.partitions, nodeEnv()), catalogue, ready.names);
};

/** The entry file has the extension of this file: `.ts` in the repository, `.js` in the published package. */
const nodeThreadEntry = new URL(`./node-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Threads find compiled what any thread has compiled before: a node opens in half the time. The cache is the user's own; one
 * that cannot be written is none. Threads that they start inherit it.
 */
const withCompileCache = (): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_COMPILE_CACHE:
    process.env.NODE_COMPILE_CACHE ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tutti', 'compiled'),
});

const firstMessage = (worker: Worker): Promise<FromNodeThread> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new TuttiError('INVARIANT', `The node thread ended with code ${code} before it was ready.`)),
    );
  });

/** What `open` gives, and what only the command line needs. */
export class EmbeddedNode implements Tutti {
  readonly tasks: readonly string[];
  readonly #worker: Worker;
  readonly #client: LocalClient;
  readonly #catalogue: AppCatalogue | undefined;
  /** As recorded; made once for each definition. */
  readonly #policies = new WeakMap<TaskDefinition, string | undefined>();
  readonly #answers = new Map<number, (value: unknown) => void>();
  #nextRequest = 1;
  #closing: Promise<void> | undefined;
  #ended: (() => void) | undefined;

  constructor(worker: Worker, client: LocalClient, catalogue: AppCatalogue | undefined, names: readonly string[]) {
    this.#worker = worker;
    this.#client = client;
    this.#catalogue = catalogue;
    this.tasks = names;
    worker.on('message', (message: FromNodeThread) => this.#receive(message));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () =>
      this.#end(new TuttiError('CLOSED', 'The node has ended. What was accepted is kept; open the data folder again.')),
    );
  }

  async start<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<TaskHandle<Output>> {
    const spec = this.#spec(task, args);
    const id = await this.#client.start(spec instanceof Promise ? await spec : spec);
    return {
      id,
      result: () => this.result(id) as Promise<Output>,
      status: () => this.status(id),
      cancel: () => this.cancel(id),
    };
  }

  async run<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<Output> {
    const spec = this.#spec(task, args);
    return decodeValue(await this.#client.run(spec instanceof Promise ? await spec : spec)) as Output;
  }

  status(id: string): Promise<TaskStatus | undefined> {
    return this.#client.status(id);
  }

  list(filter?: ListFilter): Promise<readonly TaskStatus[]> {
    return this.#client.list(filter);
  }

  cancel(id: string): Promise<void> {
    return this.#client.cancel(id);
  }

  retry(id: string): Promise<void> {
    return this.#client.retry(id);
  }

  logs(id: string): Promise<readonly LogLine[]> {
    return this.#client.logs(id);
  }

  follow(id: string, take: (event: TaskEvent) => void): () => void {
    return this.#client.follow(id, take);
  }

  async result(id: string): Promise<unknown> {
    return decodeValue(await this.#client.wait(id));
  }

  /** The result in JSON form, as it is recorded. */
  resultText(id: string): Promise<string> {
    return this.#client.wait(id);
  }

  /**
   * As `start`, under an id of the caller's choice where there is no key: starting again under the same id attaches to the
   * same task, so that a caller who does not know whether it was started can simply start it again.
   */
  async startAs(id: string, task: TaskDefinition, input: unknown, options: StartOptions): Promise<string> {
    const spec = await this.#spec(task, [input, options]);
    return this.#client.start(options.key === undefined ? { ...spec, id } : spec);
  }

  stats(): Promise<NodeStats> {
    return this.#askNode<NodeStats>('stats');
  }

  killExecutor(): Promise<void> {
    return this.#askNode<void>('killExecutor');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#client.close(
      new TuttiError('CLOSED', 'The node was closed. What was accepted goes on when the data folder is opened again.'),
    );
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    this.#tell({ kind: 'close' });
    await ended;
  }

  #askNode<Value>(kind: 'stats' | 'killExecutor'): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      if (this.#closing !== undefined) {
        reject(new TuttiError('CLOSED', 'The node was closed.'));
        return;
      }
      const request = this.#nextRequest++;
      this.#answers.set(request, (value) => resolve(value as Value));
      this.#tell({ kind, request });
    });
  }

  #tell(message: ToNodeThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromNodeThread): void {
    if (message.kind === 'answer') {
      this.#answers.get(message.request)?.(message.value);
      this.#answers.delete(message.request);
    } else if (message.kind === 'failed') {
      this.#client.close(decodeError(message.error));
    }
  }

  #end(reason: Error): void {
    this.#client.close(reason);
    this.#ended?.();
    this.#closing ??= Promise.resolve();
  }

  /** What is sent of a start; a promise only where the schema needs one. */
  #spec(definition: TaskDefinition, args: readonly unknown[]): StartSpec | Promise<StartSpec> {
    const name = this.#nameOf(definition);
    const [input, options] = args as readonly [unknown, StartOptions | undefined];
    const key = options?.key;
    if (key !== undefined) checkKey(key);
    const delayMs = options?.delay === undefined ? 0 : durationMs(options.delay, 'delay');
    const policy = this.#policyText(definition);
    const specOf = (value: unknown): StartSpec => ({ name, input: encodeValue(value, 'input'), policy, key, delayMs });
    const valid = validateInput(definition, input);
    return valid instanceof Promise ? withinLimit(valid, name).then(specOf) : specOf(valid);
  }

  #policyText(definition: TaskDefinition): string | undefined {
    if (this.#policies.has(definition)) return this.#policies.get(definition);
    const policy = policyOf(definition);
    const text = policy === undefined ? undefined : encodePolicy(policy);
    this.#policies.set(definition, text);
    return text;
  }

  #nameOf(definition: TaskDefinition): string {
    if (!isTask(definition))
      throw new TuttiError('TASK_UNKNOWN', 'That is no task: pass a definition made by task(…), exported by the app.');
    const name = this.#catalogue === undefined ? definition.name : this.#catalogue.nameOf(definition);
    if (name === undefined)
      throw new TuttiError(
        this.#catalogue === undefined ? 'TASK_UNKNOWN' : 'TASK_NOT_EXPORTED',
        this.#catalogue === undefined
          ? "The task's name is not known here: pass the app's namespace as well (open({ app, module })), or give the task a { name }."
          : 'The app does not export this task (or it comes from another copy of the module): export it, or give it a { name }.',
      );
    if (!this.tasks.includes(name))
      throw new TuttiError('TASK_UNKNOWN', `The app has no task ${name}. It has: ${this.tasks.join(', ')}.`, {
        details: { name },
      });
    return name;
  }
}

/** A schema that answers later is given `limits.validationMs`. */
const withinLimit = async (validation: Promise<unknown>, name: string): Promise<unknown> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new TuttiError(
            'INPUT_INVALID',
            `The input schema of ${name} gave no answer within ${limits.validationMs} ms.`,
            { details: { task: name } },
          ),
        ),
      limits.validationMs,
    );
  });
  try {
    return await Promise.race([validation, limit]);
  } finally {
    clearTimeout(timer);
  }
};

const checkKey = (key: unknown): void => {
  if (typeof key !== 'string' || key === '' || Buffer.byteLength(key) > limits.idempotencyKeyBytesMax)
    throw new TuttiError(
      'OPTION_INVALID',
      `The option key must be text of 1 to ${limits.idempotencyKeyBytesMax} bytes.`,
      { details: { option: 'key' } },
    );
};
