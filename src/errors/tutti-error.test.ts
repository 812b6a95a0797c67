import { describe, expect, test } from 'vitest';
import { isTuttiError, TuttiError } from './tutti-error.ts';

describe('TuttiError', () => {
  test('takes outcome and retry from its code', () => {
    const cause = new Error('inner');
    expect(new TuttiError('OVERLOADED', 'm', { details: { retryMs: 50 }, cause })).toMatchObject({
      name: 'TuttiError',
      message: 'm',
      code: 'OVERLOADED',
      outcome: 'rejected',
      retry: 'later',
      details: { retryMs: 50 },
      cause,
    });
    expect('cause' in new TuttiError('CLOSED', 'm')).toBe(false);
  });

  test('is known by its brand, so that two copies of the package agree', () => {
    const fromAnotherCopy = Object.assign(new Error('m'), { [Symbol.for('tutti.error')]: true });
    expect(isTuttiError(fromAnotherCopy)).toBe(true);
    expect(isTuttiError(new TuttiError('CLOSED', 'm'))).toBe(true);
    for (const other of [new Error('m'), { code: 'CLOSED' }, null, undefined, 'CLOSED'])
      expect(isTuttiError(other)).toBe(false);
  });

  test('does not show its brand among its keys', () => {
    expect(Reflect.ownKeys({ ...new TuttiError('CLOSED', 'm') })).toEqual([
      'code',
      'outcome',
      'retry',
      'details',
      'name',
    ]);
  });
});
