/**
 * Checks an input against its task's schema. Schemas are user code: this runs where user code runs.
 */

import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { formatPath, type PathStep } from '../values/value-path.ts';
import type { SchemaIssue, SchemaResult } from './standard-schema.ts';
import type { TaskDefinition } from './task.ts';

const issuesShown = 10;

/**
 * What the schema makes of `value`; `value` itself where there is no schema. A promise only where the schema gives one
 * (whoever awaits it bounds it by `limits.validationMs`). Throws, or rejects with, `INPUT_INVALID` with
 * `details.issues` (`path`, `message`).
 */
export const validateInput = (definition: TaskDefinition, value: unknown): Promise<unknown> | unknown => {
  if (definition.schema === undefined) return value;
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
  try {
    result = definition.schema['~standard'].validate(value);
  } catch (error) {
    throw schemaThrew(error);
  }
  if (!isThenable(result)) return outcomeOf(result);
  return result.then(outcomeOf, (error: unknown) => {
    throw schemaThrew(error);
  });
};

const isThenable = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof (value as Partial<Promise<T>> | null)?.then === 'function';

const outcomeOf = (result: SchemaResult<unknown>): unknown => {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message }));
  const lines = issues.slice(0, issuesShown).map(({ path, message }) => `${path}: ${message}`);
  if (issues.length > issuesShown) lines.push(`and ${issues.length - issuesShown} more`);
  throw new TuttiError('INPUT_INVALID', lines.join('; ') || 'input: refused by its schema', { details: { issues } });
};

const pathOf = (issue: SchemaIssue): string => {
  const steps = (issue.path ?? []).map((part): PathStep => {
    const key = typeof part === 'object' ? part.key : part;
    return typeof key === 'symbol' ? String(key) : key;
  });
  return formatPath('input', steps);
};

const schemaThrew = (error: unknown): TuttiError =>
  isTuttiError(error)
    ? error
    : new TuttiError('INPUT_INVALID', `The schema threw: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
