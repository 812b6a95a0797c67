/**
 * What a task's function gets to act through. Types only: what stands behind them differs between executor and tests.
 *
 * Every call of `run`, `sleep`, `call`, `start` and `map` is a *step*: its result is recorded, and when the task runs
 * again (after a crash, or on another machine) recorded steps give their results at once and are not done again. So code
 * between steps may run several times and must do the same each time; `Date.now`, `Math.random` and `randomUUID` are
 * replayed there.
 */

import type { Duration } from '../values/duration.ts';
import type { InputArguments, RetryOptions, Task } from './task.ts';

export interface TaskContext {
  /** The task's id. */
  readonly id: string;
  /** Which attempt this is, from 1. Differs between attempts: do not let steps depend on it. */
  readonly attempt: number;
  /** Aborts when the task is cancelled, times out, or the node closes. */
  readonly signal: AbortSignal;

  /**
   * Does something that touches the outside world, and records what it gave: `fn` runs at least once, its result is
   * recorded once. What it throws is tried again here under `retry` (default: the task's), and thrown when the attempts
   * are used up. A step is known by its name and its count among those of the same name.
   */
  run<T>(name: string, fn: (step: Step) => Promise<T> | T, options?: StepOptions): Promise<T>;

  /** Waits, however long; survives restarts. A task that waits costs no slot. */
  sleep(duration: Duration): Promise<void>;

  /** Runs another task and gives its result; throws its failure (`TASK_FAILED`, with the original error as cause). */
  call<Input, Output>(task: Task<Input, Output>, ...call: CallArguments<Input>): Promise<Output>;

  /** Starts another task and goes on. It is started once, also if this task is repeated. */
  start<Input, Output>(task: Task<Input, Output>, ...call: CallArguments<Input>): Promise<StartedTask<Output>>;

  /**
   * Runs a task for each item, in parallel on all executors, and gives the results in the order of the items. With
   * `onError: 'fail'` (the default) the first item that failed all its attempts fails the map and cancels the rest; with
   * `'collect'` each result says whether it is `ok`.
   */
  map<Input, Output>(
    task: Task<Input, Output>,
    items: Iterable<NoInfer<Input>>,
    options: MapOptions & { readonly onError: 'collect' },
  ): Promise<Settled<Output>[]>;
  map<Input, Output>(
    task: Task<Input, Output>,
    items: Iterable<NoInfer<Input>>,
    options?: MapOptions & { readonly onError?: 'fail' },
  ): Promise<Output[]>;

  /** Tells how far the task is: shown by `status` and the progress bar; nothing waits for it. */
  progress(done: number, total?: number, message?: string): void;

  /** Writes to the task's log, once: a line is not written again when the task is replayed. */
  readonly log: TaskLog;
}

/** What the function of `ctx.run` gets. */
export type Step = {
  /** The same in all attempts of this step: an idempotency key for other systems. */
  readonly key: string;
  /** Which attempt of the step this is, from 1. */
  readonly attempt: number;
  readonly signal: AbortSignal;
};

export type StepOptions = { readonly retry?: RetryOptions };

export type CallOptions = {
  /** An idempotency key, unique per task name: the same key and input attaches to the task that has it. */
  readonly key?: string;
};

/** The input, which may be left out where undefined will do, and the options. */
export type CallArguments<Input> = [...input: InputArguments<Input>, options?: CallOptions];

export type StartedTask<Output> = {
  readonly id: string;
  /** Waits for the result; throws the failure. A step. */
  result(): Promise<Output>;
};

export type MapOptions = {
  /** How many items run at once, at most. Default: as many as there is room for. */
  readonly concurrency?: number;
};

export type Settled<Output> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly error: Error };

export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
