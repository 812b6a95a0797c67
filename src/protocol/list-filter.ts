/** Reads a `ListFilter` that came from outside. */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { isTaskId } from '../values/task-id.ts';
import { type ListFilter, taskStateNames } from './task-view.ts';

const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= limits.listTextCharsMax;
const states: ReadonlySet<unknown> = new Set([...taskStateNames, 'unfinished', 'finished']);

type Check = readonly [is: (value: unknown) => boolean, what: string];

const text: Check = [isText, `text of at most ${limits.listTextCharsMax} characters`];
const time: Check = [(value) => value instanceof Date, 'a time'];

const checks: Readonly<Record<keyof ListFilter, Check>> = {
  state: [(value) => states.has(value), `one of ${[...states].join(', ')}`],
  name: text,
  key: text,
  idPrefix: text,
  text,
  createdFrom: time,
  createdTo: time,
  topLevel: [(value) => typeof value === 'boolean', 'true or false'],
  limit: [
    (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= limits.listPageMax,
    `a whole number from 1 to ${limits.listPageMax}`,
  ],
  cursor: [(value) => typeof value === 'string' && isTaskId(value), 'what an earlier page gave as its cursor'],
};

/** The filter that `value` is; undefined lets everything through. Throws `OPTION_INVALID`. */
export const listFilterOf = (value: unknown): ListFilter => {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null) throw refusal('filter', 'an object', undefined);
  const filter: Record<string, unknown> = {};
  for (const [field, given] of Object.entries(value)) {
    if (!Object.hasOwn(checks, field))
      throw refusal(field, `one of ${Object.keys(checks).join(', ')}; there is no such field`, given);
    if (given === undefined) continue;
    const [is, what] = checks[field as keyof ListFilter];
    if (!is(given)) throw refusal(field, what, given);
    filter[field] = given;
  }
  return filter;
};

const refusal = (field: string, what: string, given: unknown): TuttiError =>
  new TuttiError('OPTION_INVALID', `The field ${field.slice(0, 100)} of a filter of tasks must be ${what}.`, {
    details: { option: field.slice(0, 100), given: String(given).slice(0, 100) },
  });
