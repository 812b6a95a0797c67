import { expect, test } from 'vitest';
import { isAtLeast, natsServerMinimum, newestFirst } from './version.ts';

test('a version is at least another one by its numbers, not by its letters', () => {
  for (const good of ['2.14.4', 'v2.14.4', '2.14.10', '2.15.0', '2.15.0-dev', '3.0.0', '2.15.1\n'])
    expect(isAtLeast(good, natsServerMinimum), good).toBe(true);
  for (const bad of ['2.9.10', '2.10.27', '2.14.3', '2.14.4-RC.1', '1.99.99', '', 'latest'])
    expect(isAtLeast(bad, natsServerMinimum), bad).toBe(false);
  expect(['2.9.10', '2.15.1', '2.14.10', '2.14.9'].sort(newestFirst)).toEqual([
    '2.15.1',
    '2.14.10',
    '2.14.9',
    '2.9.10',
  ]);
});
