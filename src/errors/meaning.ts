/**
 * What a code means to whoever meets it. Apart from the catalogue, so that a page is not sent all codes: most mean `rejected`, `never`,
 * and only those that do not are listed here.
 *
 * The list is closed. Errors are written as values without what their codes mean, and read by older clients that would take a code
 * that they do not find here for `rejected`. An error of a new code that means anything else is made with `meaning`, and carries it.
 */
import type { ErrorCode } from './catalogue.ts';

/**
 * - `outcome`: what the caller now knows. `rejected`: certainly not applied. `unknown`: may be applied, ask again with the
 *   same id. `failed`: your code threw, and that is recorded. `invariant`: our bug; what it concerns stops.
 * - `retry`: `never`, `same-id` (repeat the same request), or `later` (after a pause; `details.retryMs` says how long).
 */
export type Outcome = 'rejected' | 'unknown' | 'failed' | 'invariant';
export type Retry = 'never' | 'same-id' | 'later';
export type Meaning = { readonly outcome: Outcome; readonly retry: Retry };

const rejected: Meaning = { outcome: 'rejected', retry: 'never' };
const rejectedForNow: Meaning = { outcome: 'rejected', retry: 'later' };
const failed: Meaning = { outcome: 'failed', retry: 'never' };
const unknown: Meaning = { outcome: 'unknown', retry: 'same-id' };

const meanings: Readonly<Partial<Record<string, Meaning>>> = {
  TASK_FAILED: failed,
  TASK_CANCELLED: failed,
  TASK_TIMEOUT: failed,
  TASK_CRASHED: failed,
  TASK_NONDETERMINISTIC: failed,
  REQUEST_EXPIRED: { outcome: 'unknown', retry: 'never' },

  CLOSED: unknown,
  OVERLOADED: rejectedForNow,
  DISK_FULL: rejectedForNow,

  UNREACHABLE: rejectedForNow,
  NO_ANSWER: unknown,
  NOT_READY: rejectedForNow,

  LOG_FENCED: unknown,
  BUS_NO_REPLY: unknown,
  ENGINE_FAILED: rejectedForNow,
  STORE_FULL: rejectedForNow,

  SIMULATION_FAILED: failed,
  CRASH_DIFFERS: failed,

  INVARIANT: { outcome: 'invariant', retry: 'never' },
} satisfies Partial<Record<ErrorCode, Meaning>>;

/** What a code means where the error itself does not say. */
export const meaningOf = (code: string): Meaning =>
  (Object.hasOwn(meanings, code) ? meanings[code] : undefined) ?? rejected;
