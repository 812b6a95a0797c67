import { expect, test } from 'vitest';
import { taskFailure } from '../errors/task-failure.ts';
import type { TaskStatus } from '../protocol/task-view.ts';
import { decodeValue } from '../values/codec.ts';
import { styleOf } from './style.ts';
import { logLineText, machineText, progressText, taskFields, taskTable } from './task-view.ts';

const style = styleOf(false, true);
const now = Date.UTC(2026, 10, 1, 12);
const id = '3KQ801M878VE3T0396JFQR4MV3';
const running: TaskStatus = {
  id,
  name: 'report',
  state: 'running',
  key: 'nov',
  createdAt: new Date(now - 90_000),
  startedAt: new Date(now - 80_000),
  finishedAt: undefined,
  attempts: 1,
  steps: 3,
  progress: { done: 1_500, total: 2_000, message: 'reading' },
  error: undefined,
  parent: undefined,
};
const failed: TaskStatus = {
  ...running,
  state: 'failed',
  finishedAt: new Date(now - 1_000),
  progress: undefined,
  error: taskFailure(new Error('no such\nmonth'), 'report', id),
};

test('a list is a table', () => {
  expect(taskTable([running, failed], style, now)).toEqual([
    'ID                          TASK    STATE    TRIES  PROGRESS            AGE  KEY  ERROR',
    `${id}  report  running      1  1,500/2,000  1 min 30 s  nov`,
    `${id}  report  failed       1  3 steps      1 min 30 s  nov  report failed: no such month`,
  ]);
});

test('one task is fields, with its error and where in the code it was thrown', () => {
  const lines = taskFields(failed, style, now, import.meta.dirname);
  expect(lines).toContain('error     TASK_FAILED: report failed: no such month');
  expect(lines).toContain('created   2026-11-01T11:58:30.000Z (1 min 30 s ago)');
  expect(taskFields(running, style, now, '/').join('\n')).not.toMatch(/error|finished|parent|undefined/);
});

test('progress is pieces where there are any, else steps', () => {
  expect(progressText({ ...running, progress: { done: 7, total: -1, message: undefined } })).toBe('7');
  expect([0, 1, 2].map((steps) => progressText({ ...failed, steps }))).toEqual(['', '1 step', '2 steps']);
});

test('for machines: JSON form, without what has no value', () => {
  const text = machineText(running);
  expect(Object.keys(JSON.parse(text) as object)).not.toContain('finishedAt');
  expect(decodeValue(text)).toMatchObject({ id, createdAt: running.createdAt });
});

test('a log line has time, level, message and fields', () => {
  const time = new Date(now);
  expect(logLineText({ time, level: 'info', message: 'read\nall', fields: { n: 1n } }, style)).toBe(
    '2026-11-01T12:00:00.000Z info  read all {"n":{"$bigint":"1"}}',
  );
  expect(logLineText({ time, level: 'warn', message: 'm', fields: undefined }, style)).toMatch(/ warn {2}m$/);
});
