import { expect, test } from 'vitest';
import { stateTable, stepKind, stepTable } from './tables.ts';

test('rows of before times of steps and attempts were recorded are read, and hold nothing of them', () => {
  const run = ['run:a:0', stepKind.run, 'f', 1, '7', 3, 1_000];
  const sleep = ['sleep:0', stepKind.sleep, '', 1, 'null', 4, 1_500, 1_400, '', 0, '', 0];
  const state = [2, 1, 0, 5, 6, 0, 900, 0];
  expect(stepTable.fromFields(run)).toMatchObject({ time: 1_000, dueAt: 0, target: '', joins: 0, tookMs: undefined });
  expect(stepTable.fromFields(sleep)).toMatchObject({ time: 1_500, dueAt: 1_400, tookMs: undefined });
  expect(stateTable.fromFields(state)).toMatchObject({ tries: 1, watchers: 0, endedAttempts: 0, attemptAt: 0 });
  for (const [table, row] of [
    [stepTable, run],
    [stepTable, sleep],
    [stateTable, state],
  ] as const)
    expect(table.toFields(table.fromFields(row) as never)).toEqual(row);
});

test('rows with them come back as they were', () => {
  for (const row of [
    ['run:a:0', stepKind.run, 'f', 1, '7', 3, 1_000, 12],
    ['sleep:0', stepKind.sleep, '', 1, 'null', 4, 1_500, 1_400, '', 0, '', 0, 500],
  ])
    expect(stepTable.toFields(stepTable.fromFields(row))).toEqual(row);
  const state = [2, 1, 0, 5, 6, 0, 900, 0, 3, 950];
  expect(stateTable.toFields(stateTable.fromFields(state)).slice(0, state.length)).toEqual(state);
});
