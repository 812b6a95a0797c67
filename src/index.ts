/**
 * What apps import. Free of Node's modules, so that definitions also load in a browser.
 */

export { AppError, type AppErrorOptions, isAppError, NonRetryable } from './app/app-error.ts';
export type { StandardSchema } from './app/standard-schema.ts';
export { type InputArguments, type RetryOptions, type Task, type TaskOptions, task } from './app/task.ts';
export type {
  CallOptions,
  MapOptions,
  Settled,
  StartedTask,
  Step,
  StepOptions,
  TaskContext,
  TaskLog,
} from './app/task-context.ts';
export type { ErrorCode } from './errors/catalogue.ts';
export type { Outcome, Retry } from './errors/meaning.ts';
export { isTuttiError, TuttiError } from './errors/tutti-error.ts';
export type { Duration } from './values/duration.ts';

import type { OpenOptions, Tutti } from './node/open.ts';

export type {
  Client,
  EventsOptions,
  FollowOptions,
  ListFilter,
  LogLine,
  MountContext,
  NodeStats,
  OpenOptions,
  ServeOptions,
  Serving,
  StartArguments,
  StartOptions,
  TaskEvent,
  TaskHandle,
  TaskStateName,
  TaskStatus,
  Tutti,
} from './node/open.ts';

/**
 * Starts an embedded node on a data folder, in threads of this process.
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
export const open = async (options: OpenOptions): Promise<Tutti> => (await import('./node/open.ts')).open(options);
