/**
 * Errors as `application/problem+json` (RFC 9457), with our code, what the caller now knows, and whether repeating helps. Of what
 * a task threw the name and message are told, never a stack.
 */
import { summaries } from '../errors/catalogue.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { encodeValue } from '../values/codec.ts';
import { httpStatusOf } from './http-status.ts';
import { TextResponse } from './text-response.ts';

/** The fields of a problem, as they are written. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly outcome: string;
  readonly retry: string;
  /** In JSON form, what the code's page tells. */
  readonly details?: unknown;
  /** What was thrown, and why that was. */
  readonly causes?: readonly { readonly name: string; readonly message: string }[];
};

const causesMax = 5;

/** `report` is told of what should not happen: the caller learns no more than that it did. */
export const problemOf = (error: unknown, report: (error: unknown) => void): Problem => {
  if (!isTuttiError(error)) report(error);
  const told = isTuttiError(error)
    ? error
    : new TuttiError('INVARIANT', 'Something went wrong in the node that should not. Its log says what.');
  if (isTuttiError(error) && error.outcome === 'invariant') report(error);
  const details = detailsOf(told);
  const causes = told.outcome === 'failed' ? causesOf(told) : [];
  return {
    type: `urn:tutti:error:${told.code}`,
    title: summaries[told.code] ?? told.code,
    status: httpStatusOf(told),
    detail: told.message,
    code: told.code,
    outcome: told.outcome,
    retry: told.retry,
    ...(details === undefined ? {} : { details }),
    ...(causes.length === 0 ? {} : { causes }),
  };
};

export const problemResponse = (error: unknown, report: (error: unknown) => void): Response => {
  const problem = problemOf(error, report);
  return new TextResponse(JSON.stringify(problem), problem.status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...headersOf(problem, error),
  });
};

/** What a problem says in headers, their names in lower case. */
export const headersOf = (problem: Problem, error: unknown): Record<string, string> => {
  if (problem.code === 'UNAUTHORIZED') return { 'www-authenticate': 'Bearer' };
  // The rest of the body is not read.
  if (problem.code === 'VALUE_TOO_LARGE') return { connection: 'close' };
  if (!isTuttiError(error)) return {};
  if (problem.code === 'METHOD_REFUSED') return { allow: (error.details['allowed'] as readonly string[]).join(', ') };
  if (problem.retry !== 'later') return {};
  const retryMs = Number(error.details['retryMs'] ?? 1_000);
  return { 'retry-after': String(Math.max(1, Math.ceil(retryMs / 1_000))) };
};

const detailsOf = ({ details }: TuttiError): unknown => {
  try {
    const text = encodeValue(details);
    return text === '{}' ? undefined : JSON.parse(text, withoutStack);
  } catch {
    return undefined;
  }
};

const withoutStack = (key: string, value: unknown): unknown => {
  if (key === '$error' && typeof value === 'object' && value !== null) Reflect.deleteProperty(value, 'stack');
  return value;
};

const causesOf = (error: Error): readonly { readonly name: string; readonly message: string }[] => {
  const causes: { name: string; message: string }[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < causesMax; cause = cause.cause)
    causes.push({ name: cause.name, message: cause.message });
  return causes;
};
