import { expect, test } from 'vitest';
import { resultsTable } from './results-table.ts';

const line = (fields: Readonly<Record<string, unknown>>) => ({
  name: 'tasks-noop',
  p50_ms: 1,
  p99_ms: 2,
  rss_mb: 300,
  cpu_s: 4,
  sync_ms: 0.2,
  settings: {},
  ...fields,
});

const cells = (table: string, scenario: string): readonly string[] =>
  (table.split('\n').find((row) => row.startsWith(`| ${scenario} |`)) ?? '').split('|').map((cell) => cell.trim());

test('a figure is told with its aim, and whether it meets it', () => {
  const table = resultsTable([
    line({ per_s: 81_000 }),
    line({ name: 'task-latency', p50_ms: 0.9 }),
    line({ name: 'fan-out', ratio: 1.02, p50_ms: null }),
  ]);
  expect(cells(table, 'tasks-noop').slice(2, 7)).toEqual([
    '**81,000** tasks/s',
    '≥ 80,000',
    'yes',
    '162,000',
    '0.50 x',
  ]);
  expect(cells(table, 'task-latency').slice(2, 5)).toEqual(['**0.9** ms p50', '≤ 0.7', 'no']);
  expect(cells(table, 'fan-out')[4]).toBe('yes');
});

test('cases are told apart by their callers, and of one case the last line counts', () => {
  const table = resultsTable([
    line({ name: 'transact-hot', per_s: 1, settings: { callers: 64 } }),
    line({ name: 'transact-hot', per_s: 2, settings: { callers: 1_024 } }),
    line({ name: 'transact-hot', per_s: 3, settings: { callers: 64 } }),
  ]);
  expect(cells(table, 'transact-hot, 64 callers')[2]).toBe('**3** /s');
  expect(cells(table, 'transact-hot, 1024 callers')[2]).toBe('**2** /s');
});

test('a run that was faster than bare threads was disturbed, and meets nothing', () => {
  const table = resultsTable([
    line({ name: 'fan-out', ratio: 0.8, p50_ms: null }),
    line({ name: 'map-million', us_per_item: -7 }),
  ]);
  expect(cells(table, 'fan-out')[4]).toBe('disturbed');
  expect(cells(table, 'map-million')[4]).toBe('disturbed');
});
