import { expect, test } from 'vitest';
import { type ErrorCode, summaries } from '../errors/catalogue.ts';
import { meaningOf } from '../errors/meaning.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';

test('every error has an exit code: 1 if it is the outcome of a task or a bug, else one that says what to do', () => {
  for (const code of Object.keys(summaries) as ErrorCode[]) {
    const { outcome } = meaningOf(code);
    const given = exitCodeOf(new TuttiError(code, 'm'));
    const own =
      outcome === 'failed' || outcome === 'invariant' || code.startsWith('BLOB_EXISTS') || code === 'STEP_NESTED';
    expect(given === exitCode.failed, code).toBe(own);
  }
  expect(exitCodeOf(new Error('m'))).toBe(exitCode.failed);
});
