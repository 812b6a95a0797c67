import { tuttiErrorBrand } from './brands.ts';
import type { ErrorCode } from './catalogue.ts';
import { type Meaning, meaningOf, type Outcome, type Retry } from './meaning.ts';

export type TuttiErrorOptions = {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** What it means, where its code alone does not say so (`meaning.ts`). */
  readonly meaning?: Meaning | undefined;
};

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
    super(message, options);
    const { outcome, retry } = options.meaning ?? meaningOf(code);
    this.name = 'TuttiError';
    this.code = code;
    this.outcome = outcome;
    this.retry = retry;
    this.details = options.details ?? {};
    Object.defineProperty(this, tuttiErrorBrand, { value: true });
  }
}

export const isTuttiError = (value: unknown): value is TuttiError =>
  typeof value === 'object' && value !== null && Reflect.get(value, tuttiErrorBrand) === true;
