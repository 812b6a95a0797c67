import { expect, test } from 'vitest';
import { type ErrorCode, summaries } from '../errors/catalogue.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { httpStatusOf } from './http-status.ts';
import { problemOf, problemResponse } from './problem.ts';

const never = (error: unknown): void => {
  throw error;
};

test('every code has a status: 5xx is never told of what the caller alone can mend', () => {
  const told = (Object.keys(summaries) as ErrorCode[]).map((code) => [code, httpStatusOf(new TuttiError(code, 'm'))]);
  expect(Object.fromEntries(told)).toMatchObject({
    VALUE_MALFORMED: 400,
    INPUT_INVALID: 422,
    TASK_FAILED: 424,
    TASK_CANCELLED: 424,
    OVERLOADED: 503,
    // Repeating does not help, so nobody is to be made to.
    REQUEST_EXPIRED: 409,
    CLOSED: 503,
    DISK_FULL: 507,
    INVARIANT: 500,
    STORE_FAILED: 500,
  });
});

test('a problem has our code, what is now known, whether repeating helps, and the details', () => {
  const error = new TuttiError('KEY_CONFLICT', 'In use.', { details: { id: 'x', at: new Date(0) } });
  expect(problemOf(error, never)).toEqual({
    type: 'urn:tutti:error:KEY_CONFLICT',
    title: 'The idempotency key is in use with another input',
    status: 409,
    detail: 'In use.',
    code: 'KEY_CONFLICT',
    outcome: 'rejected',
    retry: 'never',
    details: { id: 'x', at: { $date: '1970-01-01T00:00:00.000Z' } },
  });
});

test('what should not happen is reported, and the caller learns nothing of it', () => {
  const reports: unknown[] = [];
  const error = new Error('secret');
  const problem = problemOf(error, (reported) => reports.push(reported));
  expect(problem).toMatchObject({ status: 500, code: 'INVARIANT' });
  expect(JSON.stringify(problem)).not.toContain('secret');
  expect(reports).toEqual([error]);
});

test('no stack is told, wherever an error stands', () => {
  const error = new TuttiError('TASK_FAILED', 'It threw.', {
    cause: new Error('why', { cause: new Error('deeper') }),
    details: { first: new Error('first') },
  });
  const problem = problemOf(error, never);
  expect(problem.causes).toEqual([
    { name: 'Error', message: 'why' },
    { name: 'Error', message: 'deeper' },
  ]);
  expect(problem.details).toEqual({ first: { $error: { name: 'Error', message: 'first' } } });
});

test('causes of what was refused are not told: they may be of our own making', () => {
  const error = new TuttiError('INPUT_INVALID', 'no', { cause: new Error('inside') });
  expect(problemOf(error, never).causes).toBeUndefined();
});

test('details that cannot be told are left out', () => {
  const details = { self: undefined as unknown };
  details.self = details;
  expect(problemOf(new TuttiError('OPTION_INVALID', 'm', { details }), never).details).toBeUndefined();
});

test('the headers say when to come back, how to show a token, and which methods there are', () => {
  const headers = (code: ErrorCode, details = {}): Headers =>
    problemResponse(new TuttiError(code, 'm', { details }), never).headers;
  expect(headers('OVERLOADED', { retryMs: 50 }).get('retry-after')).toBe('1');
  expect(headers('OVERLOADED', { retryMs: 2_001 }).get('retry-after')).toBe('3');
  expect(headers('DISK_FULL').get('retry-after')).toBe('1');
  expect(headers('UNAUTHORIZED').get('www-authenticate')).toBe('Bearer');
  expect(headers('METHOD_REFUSED', { allowed: ['GET', 'POST'] }).get('allow')).toBe('GET, POST');
  expect(headers('INPUT_INVALID').get('content-type')).toBe('application/problem+json');
});
