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
export type { ErrorCode, Outcome, Retry } from './errors/catalogue.ts';
export { isTuttiError, TuttiError } from './errors/tutti-error.ts';
export type { Duration } from './values/duration.ts';
