import { expect, test } from 'vitest';
import type { TaskStatus } from '../protocol/task-view.ts';
import { continueAdvice, type Resumable, retryAdvice } from './run-advice.ts';

const status = { id: '3KQ801M878VE3T0396JFQR4MV3', name: 'report' } as TaskStatus;
const command: Resumable = {
  app: './app.ts',
  task: 'report',
  input: '"2026-11"',
  key: undefined,
  attach: undefined,
  settings: { engine: 'embedded' },
  optionWords: ['--data', 'my data'],
};

test('a task with a key goes on with the very same command', () => {
  expect(continueAdvice({ ...command, key: 'nov' }, status, {})).toEqual([
    `Continue: tutti run ./app.ts report '"2026-11"' --data 'my data' --id nov`,
  ]);
});

test('a task without a key goes on by its id, and so does one whose input was piped in or is long', () => {
  const byId = `Continue: tutti run ./app.ts report --data 'my data' --continue ${status.id}`;
  expect(continueAdvice(command, status, {})).toEqual([byId]);
  expect(continueAdvice({ ...command, key: 'nov', input: '-' }, status, {})).toEqual([byId]);
  expect(continueAdvice({ ...command, key: 'nov', input: JSON.stringify('x'.repeat(300)) }, status, {})).toEqual([
    byId,
  ]);
});

test('a failed task is run again by the same command with --retry', () => {
  expect(retryAdvice({ ...command, task: undefined, attach: '3KQ8' }, status, { npm_command: 'exec' })).toEqual([
    `Run it again, from its last good step: npx tutti run ./app.ts report --data 'my data' --continue ${status.id} --retry`,
  ]);
});

test('where nothing is kept, nothing is promised', () => {
  const memory = { ...command, settings: { engine: 'memory' } } as const;
  expect(continueAdvice(memory, status, {})).toEqual(['Nothing was kept (--engine memory).']);
  expect(retryAdvice(memory, status, {})).toEqual(['Nothing was kept (--engine memory).']);
  expect(continueAdvice(command, undefined, {})).toEqual([]);
});
