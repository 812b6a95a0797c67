/**
 * How a task is retried, timed and ordered, as it is recorded with the task. `undefined` and the empty text stand for
 * the defaults, which most tasks have.
 */

import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { RetrySettings, TaskDefinition } from './task.ts';

export type RetryPolicy = {
  readonly attempts: number;
  readonly backoffFirstMs: number;
  readonly backoffFactor: number;
  readonly backoffMaxMs: number;
};

export type TaskPolicy = RetryPolicy & {
  /** 0: no timeout. */
  readonly timeoutMs: number;
  readonly priority: number;
};

export const defaultPolicy: TaskPolicy = {
  attempts: limits.attemptsDefault,
  backoffFirstMs: limits.backoffFirstMs,
  backoffFactor: limits.backoffFactor,
  backoffMaxMs: limits.backoffMaxMs,
  timeoutMs: 0,
  priority: 0,
};

/** The policy of a definition; undefined where it is the default in everything. */
export const policyOf = (definition: TaskDefinition): TaskPolicy | undefined => {
  const policy: TaskPolicy = {
    ...retryPolicyOf(definition.retry, defaultPolicy),
    timeoutMs: definition.timeoutMs ?? defaultPolicy.timeoutMs,
    priority: definition.priority ?? defaultPolicy.priority,
  };
  return encodePolicy(policy) === encodedDefault ? undefined : policy;
};

/** What retry settings say, and `otherwise` for what they leave out. */
export const retryPolicyOf = (retry: RetrySettings, otherwise: RetryPolicy): RetryPolicy => ({
  attempts: retry.attempts ?? otherwise.attempts,
  backoffFirstMs: retry.firstMs ?? otherwise.backoffFirstMs,
  backoffFactor: retry.factor ?? otherwise.backoffFactor,
  backoffMaxMs: retry.maxMs ?? otherwise.backoffMaxMs,
});

/** The recorded form: a JSON array; later versions append to it. */
export const encodePolicy = (policy: TaskPolicy): string =>
  JSON.stringify([
    policy.attempts,
    policy.backoffFirstMs,
    policy.backoffFactor,
    policy.backoffMaxMs,
    policy.timeoutMs,
    policy.priority,
  ]);

const encodedDefault = encodePolicy(defaultPolicy);

export const decodePolicy = (text: string): TaskPolicy => {
  const fields = parseArray(text);
  if (fields === undefined || fields.length < 6 || !fields.every(Number.isFinite)) {
    throw new TuttiError('VALUE_MALFORMED', `Not a task policy: ${text.slice(0, 100)}`);
  }
  const [attempts, backoffFirstMs, backoffFactor, backoffMaxMs, timeoutMs, priority] = fields as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { attempts, backoffFirstMs, backoffFactor, backoffMaxMs, timeoutMs, priority };
};

const parseArray = (text: string): readonly unknown[] | undefined => {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};
