/**
 * Tasks as users define them.
 */

import { TuttiError } from '../errors/tutti-error.ts';
import { type Duration, durationMs } from '../values/duration.ts';
import { definitionBrand, definitionKindOf, nameComplaint } from './definition.ts';
import { isPlace } from './place.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.ts';
import type { TaskContext } from './task-context.ts';

/** How often and when something that threw is tried again. What is left out is the default (5 attempts, 1 s, 2, 5 min). */
export type RetryOptions = {
  /** How often it is tried altogether; 1: never again. */
  readonly attempts?: number;
  /** The pause after the first attempt. (Each pause is drawn between nothing and the full one.) */
  readonly first?: Duration;
  /** By how much each pause is longer than the one before; 1 or more. */
  readonly factor?: number;
  /** The longest pause. */
  readonly max?: Duration;
};

export type TaskOptions = {
  /** The task's name instead of its export's, so that a rename in code need not be one in the data. */
  readonly name?: string;
  readonly retry?: RetryOptions;
  /** How long one attempt may run. The thread it runs in is then ended, also in the middle of synchronous code. Default: no limit. */
  readonly timeout?: Duration;
  /** A higher one starts first; an integer from −1000 to 1000. Default: 0. */
  readonly priority?: number;
  /**
   * In a cluster it runs at nodes of this place, such as `eu`, `eu/zone-1` or the name of one, while one of them has it and answers;
   * elsewhere where none does. Default: anywhere.
   */
  readonly location?: string;
};

declare const phantom: unique symbol;

/**
 * A task: `Input` is what callers pass (void: nothing), `Output` what they get. Made by `task`; called by a client's
 * `run` and `start`, and inside another task by `ctx.call`, `ctx.start` and `ctx.map`.
 */
export interface Task<Input, Output> {
  readonly [definitionBrand]: 'task';
  readonly [phantom]?: (input: Input) => Output;
  /** The name given in the options. */
  readonly name: string | undefined;
  readonly schema: StandardSchema | undefined;
  readonly retry: RetrySettings;
  readonly timeoutMs: number | undefined;
  readonly priority: number | undefined;
  readonly location: string | undefined;
  /** The user's function. Its input is what the schema makes of the caller's. */
  readonly fn: (ctx: TaskContext, input: never) => unknown;
}

/** Any task. */
export type TaskDefinition = Task<never, unknown>;

/** Retry options as read; undefined is the default. */
export type RetrySettings = {
  readonly attempts: number | undefined;
  readonly firstMs: number | undefined;
  readonly factor: number | undefined;
  readonly maxMs: number | undefined;
};

/** The arguments for a task's input: one, which may be left out where undefined will do. */
export type InputArguments<Input> = [undefined] extends [Input] ? [input?: Input] : [input: Input];

type TaskFunction<Input, Output> = (ctx: TaskContext, input: Input) => Promise<Output> | Output;

/**
 * Defines a task. It takes one input or none; with a schema (`input`, of any Standard Schema library) what callers pass
 * is checked first and the function receives what the schema gives.
 *
 * ```ts
 * export const greet = task(async (ctx, name: string) => `Hello, ${name}`);
 * export const pay = task({ input: z.object({ cents: z.int() }), timeout: '30 s' }, async (ctx, { cents }) => …);
 * ```
 *
 * Throws `OPTION_INVALID` and `DURATION_INVALID`.
 */
export function task<Schema extends StandardSchema, Output>(
  options: TaskOptions & { readonly input: Schema },
  fn: TaskFunction<SchemaOutput<Schema>, Output>,
): Task<SchemaInput<Schema>, Output>;
export function task<Input = void, Output = unknown>(
  options: TaskOptions & { readonly input?: undefined },
  fn: TaskFunction<Input, Output>,
): Task<Input, Output>;
export function task<Input = void, Output = unknown>(fn: TaskFunction<Input, Output>): Task<Input, Output>;
export function task(first: unknown, second?: unknown): TaskDefinition {
  const [options, fn] = typeof first === 'function' ? [{}, first] : [first, second];
  if (typeof fn !== 'function') throw invalid('fn', fn, 'is not a function: write task(fn) or task(options, fn)');
  return define(checkedOptions(options, 'options', optionKeys), fn as TaskDefinition['fn']);
}

export const isTask = (value: unknown): value is TaskDefinition => definitionKindOf(value) === 'task';

const optionKeys = ['name', 'input', 'retry', 'timeout', 'priority', 'location'] as const;
const retryKeys = ['attempts', 'first', 'factor', 'max'] as const;

const define = (
  options: Partial<Record<(typeof optionKeys)[number], unknown>>,
  fn: TaskDefinition['fn'],
): TaskDefinition => {
  const { name, input, timeout, priority, location } = options;
  if (name !== undefined) checkName(name);
  if (input !== undefined && !isSchema(input))
    throw invalid('input', input, 'is not a schema (Standard Schema, version 1)');
  const timeoutMs = timeout === undefined ? undefined : durationOption(timeout, 'timeout');
  if (timeoutMs === 0) throw invalid('timeout', timeout, 'leaves no time at all');
  if (location !== undefined && !isPlace(location))
    throw invalid('location', location, 'is no place, such as eu/zone-1');
  return Object.freeze({
    [definitionBrand]: 'task' as const,
    name: name as string | undefined,
    schema: input as StandardSchema | undefined,
    retry: readRetry(options.retry ?? {}, 'retry'),
    timeoutMs,
    priority: numberOption(priority, 'priority', { integer: true, min: -1000, max: 1000 }),
    location,
    fn,
  });
};

/** Reads retry options, of a task or of one step (`what` names them in errors). */
export const readRetry = (options: unknown, what: string): RetrySettings => {
  const { attempts, first, factor, max } = checkedOptions(options, what, retryKeys);
  return {
    attempts: numberOption(attempts, `${what}.attempts`, { integer: true, min: 1, max: 1_000_000 }),
    firstMs: first === undefined ? undefined : durationOption(first, `${what}.first`),
    factor: numberOption(factor, `${what}.factor`, { integer: false, min: 1, max: 1_000 }),
    maxMs: max === undefined ? undefined : durationOption(max, `${what}.max`),
  };
};

const checkedOptions = <Key extends string>(
  options: unknown,
  what: string,
  keys: readonly Key[],
): Partial<Record<Key, unknown>> => {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalid(what, options, 'is not an object');
  const stranger = Object.keys(options).find((key) => !(keys as readonly string[]).includes(key));
  if (stranger !== undefined)
    throw invalid(
      `${what}.${stranger}`,
      Reflect.get(options, stranger),
      `is not an option; there are ${keys.join(', ')}`,
    );
  return options;
};

const checkName = (name: unknown): void => {
  if (typeof name !== 'string') throw invalid('name', name, 'is not text');
  const complaint = nameComplaint(name);
  if (complaint !== undefined) throw invalid('name', name, complaint);
};

const isSchema = (value: unknown): value is StandardSchema => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  return typeof standard === 'object' && standard !== null && typeof Reflect.get(standard, 'validate') === 'function';
};

const durationOption = (value: unknown, what: string): number => {
  if (typeof value !== 'number' && typeof value !== 'string')
    throw invalid(what, value, 'is neither a number of milliseconds nor text');
  return durationMs(value, what);
};

type NumberRange = { readonly integer: boolean; readonly min: number; readonly max: number };

const numberOption = (value: unknown, what: string, { integer, min, max }: NumberRange): number | undefined => {
  if (value === undefined) return undefined;
  const fits = typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));
  if (!fits) throw invalid(what, value, `is not ${integer ? 'an integer' : 'a number'} from ${min} to ${max}`);
  return value;
};

const invalid = (option: string, value: unknown, complaint: string): TuttiError => {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object' && value !== null
        ? 'an object'
        : String(value);
  return new TuttiError('OPTION_INVALID', `task: ${option} (${shown}) ${complaint}`, { details: { option } });
};
