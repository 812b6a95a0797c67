import { expect, test } from 'vitest';
import { decodeRow, encodeRow } from '../partition/record.ts';
import type { AnyTable } from '../partition/table.ts';
import { type DoneRow, doneTable, type SpecRow, type StateRow, stateTable, stepKind, stepTable } from './tables.ts';

const spec: SpecRow = {
  name: 'statements',
  input: '"2026-11"',
  kind: 0,
  policy: undefined,
  idempotencyKey: 'k',
  createdAt: 5,
  parent: undefined,
  priority: 0,
  principal: undefined,
  namespace: undefined,
  traceId: undefined,
};
const parent = { partition: 1, key: 'p', step: 2, chunk: -1 };
const state: StateRow = {
  status: 2,
  tries: 1,
  crashes: 0,
  epoch: 7,
  n: 3,
  dueAt: 0,
  startedAt: 6,
  watchers: 0,
  endedAttempts: 0,
  attemptAt: 0,
  retries: undefined,
};
const done: DoneRow = {
  status: 5,
  text: '{}',
  finishedAt: 9,
  startedAt: 6,
  tries: 5,
  journal: 1,
  spec,
  retries: undefined,
};

const stored = (table: AnyTable, row: unknown): unknown => table.fromFields(decodeRow(encodeRow(table.toFields(row))));

test('rows come back from the log as they were, with and without what is seldom there', () => {
  for (const row of [state, { ...state, retries: ['a', 'b'] }, { ...state, endedAttempts: 2, attemptAt: 8 }])
    expect(stored(stateTable as AnyTable, row)).toEqual(row);
  for (const retries of [undefined, ['a']])
    for (const each of [spec, { ...spec, parent }, { ...spec, parent, traceId: 't' }, { ...spec, namespace: 'n' }]) {
      const row = { ...done, spec: each, retries };
      expect(stored(doneTable as AnyTable, row)).toEqual(row);
    }
});

test('rows of the first format, which knew of no requests to retry, are read as before', () => {
  expect(stateTable.fromFields([2, 1, 0, 7, 3, 0, 6, 0])).toEqual(state);
  expect(doneTable.fromFields([5, '{}', 9, 6, 5, 1, 'statements', '"2026-11"', 0, 5, 0, null, 'k'])).toEqual(done);
  expect(stateTable.toFields(state)).toEqual([2, 1, 0, 7, 3, 0, 6, 0]);
  expect(doneTable.toFields(done).length).toBe(13);
});

test('steps of the first format, which knew of no times, are read as before, and later ones come back as they were', () => {
  const run = ['run:a:0', stepKind.run, 'f', 1, '7', 3, 1_000];
  const sleep = ['sleep:0', stepKind.sleep, '', 1, 'null', 4, 1_500, 1_400, '', 0, '', 0];
  expect(stepTable.fromFields(run)).toMatchObject({ time: 1_000, dueAt: 0, target: '', joins: 0, tookMs: undefined });
  expect(stepTable.fromFields(sleep)).toMatchObject({ time: 1_500, dueAt: 1_400, tookMs: undefined });
  for (const row of [run, sleep, [...run, 12], [...sleep, 500]])
    expect(stepTable.toFields(stepTable.fromFields(row))).toEqual(row);
});
