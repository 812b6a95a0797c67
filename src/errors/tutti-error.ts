import { tuttiErrorBrand } from './brands.ts';
import { catalogue, type ErrorCode, type Outcome, type Retry } from './catalogue.ts';

export type TuttiErrorOptions = { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown };

/**
 * The one error class. `code` is stable and documented in `docs/errors/`; `outcome` says what the caller now knows,
 * `retry` whether repeating helps. Recognise it with `isTuttiError`, which also knows errors of another copy of the package.
 */
export class TuttiError extends Error {
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly retry: Retry;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: TuttiErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'TuttiError';
    this.code = code;
    this.outcome = catalogue[code].outcome;
    this.retry = catalogue[code].retry;
    this.details = options.details ?? {};
    Object.defineProperty(this, tuttiErrorBrand, { value: true });
  }
}

export const isTuttiError = (value: unknown): value is TuttiError =>
  typeof value === 'object' && value !== null && Reflect.get(value, tuttiErrorBrand) === true;
