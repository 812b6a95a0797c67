/**
 * The `ctx` of a task's function, and of each item of a map. It holds nothing but its scope, so that one for each of a
 * million items costs little.
 */

import type { TaskDefinition } from '../../app/task.ts';
import type { CallOptions, MapOptions, Step, StepOptions, TaskContext, TaskLog } from '../../app/task-context.ts';
import type { Duration } from '../../values/duration.ts';
import type { Host } from './host.ts';
import { tellProgress, writeLine } from './lines.ts';
import { mapItems } from './map-run.ts';
import type { Scope } from './scope.ts';
import { runFunction } from './step-function.ts';
import { call, sleep, start } from './steps.ts';

export class Context {
  readonly #host: Host;
  readonly #scope: Scope;

  constructor(host: Host, scope: Scope) {
    this.#host = host;
    this.#scope = scope;
  }

  get id(): string {
    return this.#scope.id;
  }

  get attempt(): number {
    return this.#scope.number;
  }

  get signal(): AbortSignal {
    return this.#scope.attempt.signal;
  }

  get log(): TaskLog {
    const line =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (message: string, fields?: Readonly<Record<string, unknown>>): void =>
        writeLine(this.#host, this.#scope.attempt, level, message, fields);
    return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  }

  progress(done: number, total?: number, message?: string): void {
    tellProgress(this.#host, this.#scope.attempt, done, total, message);
  }

  run(name: string, fn: (step: Step) => unknown, options?: StepOptions): Promise<unknown> {
    return rejecting(() => runFunction(this.#host, this.#scope, name, fn, options));
  }

  sleep(duration: Duration): Promise<void> {
    return rejecting(() => sleep(this.#host, this.#scope, duration));
  }

  call(task: TaskDefinition, input?: unknown, options?: CallOptions): Promise<unknown> {
    return rejecting(() => call(this.#host, this.#scope, task, input, options));
  }

  start(task: TaskDefinition, input?: unknown, options?: CallOptions): Promise<unknown> {
    return start(this.#host, this.#scope, task, input, options);
  }

  map(task: TaskDefinition, items: Iterable<unknown>, options?: MapOptions): Promise<unknown> {
    return rejecting(() => mapItems(this.#host, this.#scope, task, items, options));
  }
}

/** As the type that users see: its methods are overloaded there. */
export const contextOf = (host: Host, scope: Scope): TaskContext => new Context(host, scope) as unknown as TaskContext;

/** What is refused rejects: whoever calls a step awaits it. */
const rejecting = <T>(step: () => Promise<T>): Promise<T> => {
  try {
    return step();
  } catch (error) {
    return Promise.reject(error);
  }
};
