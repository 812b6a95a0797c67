import { describe, expect, test } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import { decodeError, encodeError } from '../values/codec.ts';
import { AppError, isAppError, isFinalError, NonRetryable } from './app-error.ts';

describe('errors that end a task', () => {
  test('are known after they crossed a thread, and beneath the error that the caller gets', () => {
    const thrown = new AppError('insufficient funds', { details: { missing: 5n }, cause: new Error('why') });
    const told = new TuttiError('TASK_FAILED', 'transfer failed', { cause: decodeError(encodeError(thrown)) });
    const caught = decodeError(encodeError(told));
    expect(isAppError(caught.cause)).toBe(true);
    expect(caught.cause).toMatchObject({
      name: 'AppError',
      message: 'insufficient funds',
      details: { missing: 5n },
      cause: { message: 'why' },
      stack: thrown.stack,
    });
  });

  test('are AppError, NonRetryable, classes made from them, and errors of ours that repeating does not help', () => {
    class OutOfStock extends AppError {}
    for (const final of [
      new AppError('a'),
      new NonRetryable('n', { cause: 1 }),
      new OutOfStock('o'),
      new TuttiError('TASK_FAILED', 'child'),
    ]) {
      expect(isFinalError(final)).toBe(true);
      expect(isFinalError(decodeError(encodeError(final)))).toBe(true);
    }
    for (const other of [
      new Error('e'),
      undefined,
      null,
      'AppError',
      { name: 'AppError' },
      new TuttiError('OVERLOADED', 'o'),
      new TuttiError('BUS_NO_REPLY', 'b'),
    ]) {
      expect(isFinalError(other)).toBe(false);
      expect(isFinalError(decodeError(encodeError(other)))).toBe(false);
    }
    expect(isAppError(new NonRetryable('n'))).toBe(false);
  });
});
