/**
 * The client of an app: definitions and values on the side of who calls, names and texts on the other. What carries the
 * requests is handed in.
 */
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import { encodePolicy, policyOf } from '../app/policy.ts';
import { type InputArguments, isTask, type Task, type TaskDefinition } from '../app/task.ts';
import { validateInput } from '../app/validate-input.ts';
import { type EventsOptions, eventsOf, followUntil } from '../client/task-events.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { ListFilter, LogLine, TaskEvent, TaskStatus } from '../protocol/task-view.ts';
import { decodeValue, encodeValue } from '../values/codec.ts';
import { type Duration, durationMs } from '../values/duration.ts';
import type { FollowOptions, LocalClient, StartSpec } from './local-client.ts';

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

/** What starts tasks of an app and sees how they are. */
export interface Client {
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
  /**
   * Calls `take` for each event of a task until it has ended or the returned function is called: how it is now, what it has
   * logged (from line `fromLog` on), and then what happens to it.
   */
  follow(id: string, take: (event: TaskEvent) => void, options?: FollowOptions): () => void;
  /**
   * The events of a task as they come, from the log line with index `fromLog` on, up to its end. A reader that is slow misses no
   * line. Throws `TASK_NOT_FOUND`, and the reason of `signal`.
   *
   * ```ts
   * for await (const event of node.events(id)) if (event.type === 'log') console.log(event.message);
   * ```
   */
  events(id: string, options?: EventsOptions): AsyncIterableIterator<TaskEvent>;
  /** The result of a task by its id. */
  result(id: string): Promise<unknown>;
  /** Names of the app's tasks. */
  readonly tasks: readonly string[];
}

/** What carries the requests of a client. */
export type Requests = Pick<
  LocalClient,
  'start' | 'run' | 'wait' | 'status' | 'list' | 'cancel' | 'retry' | 'logs' | 'follow'
>;

export class AppClient implements Client {
  readonly tasks: readonly string[];
  readonly #requests: Requests;
  readonly #catalogue: AppCatalogue | undefined;
  /** As recorded; made once for each definition. */
  readonly #policies = new WeakMap<TaskDefinition, string | undefined>();

  constructor(requests: Requests, catalogue: AppCatalogue | undefined, names: readonly string[]) {
    this.#requests = requests;
    this.#catalogue = catalogue;
    this.tasks = names;
  }

  async start<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<TaskHandle<Output>> {
    const spec = this.#spec(task, args);
    const id = await this.#requests.start(spec instanceof Promise ? await spec : spec);
    return {
      id,
      result: () => this.result(id) as Promise<Output>,
      status: () => this.status(id),
      cancel: () => this.cancel(id),
    };
  }

  async run<Input, Output>(task: Task<Input, Output>, ...args: StartArguments<Input>): Promise<Output> {
    const spec = this.#spec(task, args);
    return decodeValue(await this.#requests.run(spec instanceof Promise ? await spec : spec)) as Output;
  }

  status(id: string): Promise<TaskStatus | undefined> {
    return this.#requests.status(id);
  }

  list(filter?: ListFilter): Promise<readonly TaskStatus[]> {
    return this.#requests.list(filter);
  }

  cancel(id: string): Promise<void> {
    return this.#requests.cancel(id);
  }

  retry(id: string): Promise<void> {
    return this.#requests.retry(id);
  }

  logs(id: string): Promise<readonly LogLine[]> {
    return this.#requests.logs(id);
  }

  follow(id: string, take: (event: TaskEvent) => void, options?: FollowOptions): () => void {
    return this.#requests.follow(id, take, options);
  }

  events(id: string, options: EventsOptions = {}): AsyncIterableIterator<TaskEvent> {
    return eventsOf(
      followUntil(options.signal, (from, take, end) => this.follow(id, take, { fromLog: from(), end })),
      options,
    );
  }

  async result(id: string): Promise<unknown> {
    return decodeValue(await this.#requests.wait(id));
  }

  /** The result in JSON form, as it is recorded. */
  resultText(id: string): Promise<string> {
    return this.#requests.wait(id);
  }

  /**
   * As `start`, under an id of the caller's choice: starting again under the same id attaches to the same task, so that a caller who does not know whether it was started can simply start it again.
   */
  async startAs(id: string, task: TaskDefinition, input: unknown, options: StartOptions): Promise<string> {
    const spec = await this.#spec(task, [input, options]);
    return this.#requests.start({ ...spec, id });
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

/** Throws `OPTION_INVALID` for what is no idempotency key. */
export const checkKey = (key: unknown): void => {
  if (typeof key !== 'string' || key === '' || Buffer.byteLength(key) > limits.idempotencyKeyBytesMax)
    throw new TuttiError(
      'OPTION_INVALID',
      `The option key must be text of 1 to ${limits.idempotencyKeyBytesMax} bytes.`,
      { details: { option: 'key' } },
    );
};
