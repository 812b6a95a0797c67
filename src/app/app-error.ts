/**
 * What users throw to end a task without another attempt. It reaches the caller as a TuttiError `TASK_FAILED` whose
 * `cause` is the error as it was thrown: name, message, details, stack. Known by a brand, which the codec carries over;
 * what comes back is no instance of these classes.
 */

import { finalErrorBrand } from '../errors/brands.ts';
import { isTuttiError } from '../errors/tutti-error.ts';

export type AppErrorOptions = { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown };

/** A refusal by your own rules ('insufficient funds'): repeating would not help, and the caller should know why. */
export class AppError extends Error {
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    brandFinal(this, 'AppError');
    this.details = options.details ?? {};
  }
}

/** A failure that another attempt cannot mend ('the file is no PDF'). Give the original error as `cause`. */
export class NonRetryable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    brandFinal(this, 'NonRetryable');
  }
}

const brandFinal = (error: Error, name: string): void => {
  Object.defineProperty(error, 'name', { value: name, writable: true, configurable: true });
  Object.defineProperty(error, finalErrorBrand, { value: true });
};

/** Whether this is an AppError, also of another copy of the package or out of the codec. */
export const isAppError = (value: unknown): value is AppError =>
  hasFinalBrand(value) && Reflect.get(value, 'name') === 'AppError';

/**
 * Whether what a task or step threw ends it without another attempt: an AppError, a NonRetryable, or one of our own
 * errors whose `retry` is `never` (what a child failed with is recorded, so that another attempt would meet it again).
 */
export const isFinalError = (thrown: unknown): boolean =>
  hasFinalBrand(thrown) || (isTuttiError(thrown) && thrown.retry === 'never');

const hasFinalBrand = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Reflect.get(value, finalErrorBrand) === true;
