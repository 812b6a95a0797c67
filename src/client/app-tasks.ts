/** The tasks of an app by the names of their exports, from its type alone: `client.tasks.billing.invoice.run(…)`. */
import type { InputArguments, Task, TaskDefinition } from '../app/task.ts';
import type { Duration } from '../values/duration.ts';

export type CallOptions = {
  /** Gives it up. What was sent may still be carried out; nobody waits for the answer then. */
  readonly signal?: AbortSignal;
  /** How long it may take. Default: the client's `timeout`; for results: no limit. */
  readonly timeout?: Duration;
};

export type StartOptions = CallOptions & {
  /** An idempotency key, unique per task: starting again with the same key and input attaches to the same task. */
  readonly key?: string;
  /** How long to wait before it runs. */
  readonly delay?: Duration;
};

/** Input (left out where the task takes none), then options. */
export type StartArguments<Input> = [...input: InputArguments<Input>, options?: StartOptions];

/** What can be done with one task of the app. */
export interface TaskCalls<Input, Output> {
  /** Starts it and waits for its result; rejects with its error. */
  run(...args: StartArguments<Input>): Promise<Output>;
  /** Starts it. Settles when that is durable: from then on it runs to its end, whatever dies. */
  start(...args: StartArguments<Input>): Promise<TaskHandle<Output>>;
}

/** A task that was started. */
export interface TaskHandle<Output> {
  readonly id: string;
  /** Its result, when it is there; rejects with its error. */
  result(options?: CallOptions): Promise<Output>;
}

/** Keys of what are tasks, or namespaces (`export * as billing from './billing.ts'`). */
type TaskKeys<App> = {
  [Key in keyof App]: App[Key] extends TaskDefinition
    ? Key
    : App[Key] extends ((...args: never) => unknown) | readonly unknown[]
      ? never
      : App[Key] extends object
        ? Key
        : never;
}[keyof App];

/** An app's exports as calls. An app that is not known has any task. */
export type AppTasks<App> = unknown extends App
  ? AnyTasks
  : {
      readonly [Key in TaskKeys<App>]: App[Key] extends Task<infer Input, infer Output>
        ? TaskCalls<Input, Output>
        : AppTasks<App[Key]>;
    };

/** Tasks of which nothing is known but the name; a name with dots may be written in one. */
export interface AnyTasks {
  readonly [name: string]: AnyTasks & TaskCalls<unknown, unknown>;
}

export type Call = (method: 'run' | 'start', name: string, args: readonly unknown[]) => unknown;

/** The calls behind `AppTasks`: a path is gathered name by name, and what it ends in is called. */
export const appTasks = (call: Call): unknown => node([], call);

const node = (path: readonly string[], call: Call): unknown =>
  new Proxy(noCall, {
    get(_target, key) {
      // Whoever awaits a namespace asks whether it is a promise.
      if (typeof key !== 'string' || key === 'then') return undefined;
      return node([...path, key], call);
    },
    apply(_target, _this, args) {
      const method = path.at(-1);
      if (path.length < 2 || (method !== 'run' && method !== 'start'))
        throw new TypeError(`tasks.${path.join('.')} is not a function: a task has run(…) and start(…).`);
      return call(method, path.slice(0, -1).join('.'), args);
    },
  });

const noCall = (): void => undefined;
