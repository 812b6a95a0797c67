import { expect, test } from 'vitest';
import { outboxTable, peersTable } from '../partition/outbox.ts';
import type { Table } from '../partition/table.ts';
import { mintTaskId, taskKey } from '../values/task-id.ts';
import { type PlacedRow, type RowSource, recut, recutRules } from './recut.ts';
import { removedTable } from './removed-table.ts';
import { rowKey, type StateRow, type StepRow, stateTable, stepTable, taskStatus, taskTables } from './tables.ts';
import { newState } from './task-rows.ts';

const noBytes = new Uint8Array(16);
const idOf = (hash: number, time = 1_760_000_000_000): string => mintTaskId(hash, time, noBytes);

/** Tables as lists of rows. */
const sourceOf = (...tables: readonly (readonly [{ readonly id: number }, Readonly<Record<string, unknown>>])[]) =>
  ({
    scan: <Row>(table: Table<Row>, from = '', to = '\uffff') =>
      tables
        .filter(([{ id }]) => id === table.id)
        .flatMap(([, rows]) => Object.entries(rows) as [string, Row][])
        .filter(([key]) => key >= from && key < to)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
  }) satisfies RowSource;

const rowsOf = (placed: Iterable<PlacedRow>) =>
  [...placed].map(({ partition, table, key, row }) => [partition, table.name, key, row]);

test('every table that partitions have has a rule (T-rules)', () => {
  for (const table of [outboxTable, peersTable, ...taskTables])
    expect({ [table.name]: recutRules.has(table.id) }).toEqual({ [table.name]: true });
});

test('what runs is queued, and its attempt is none that a new log could name (T-logs)', () => {
  const key = taskKey(idOf(40_000));
  const running: StateRow = { ...newState, status: taskStatus.running, epoch: 7, n: 3, attemptAt: 5, startedAt: 4 };
  const waiting: StateRow = { ...running, status: taskStatus.waiting };
  const scheduled: StateRow = { ...newState, status: taskStatus.scheduled, dueAt: 9 };
  const stateAfter = (state: StateRow) => rowsOf(recut([sourceOf([stateTable, { [key]: state }])], 2));
  expect(stateAfter(running)).toEqual([
    [1, 'state', key, { ...running, status: taskStatus.queued, epoch: 0, n: -1, attemptAt: 0 }],
  ]);
  expect(stateAfter(waiting)).toEqual([[1, 'state', key, { ...waiting, epoch: 0, n: -1 }]]);
  expect(stateAfter(scheduled)).toEqual([[1, 'state', key, scheduled]]);
});

test('results keep their order, below all that a new log numbers; what waits has none (T-logs)', () => {
  const keys = [taskKey(idOf(1, 1)), taskKey(idOf(2, 2))] as const;
  const step = (order: number) => ({ order }) as StepRow;
  const steps = {
    [rowKey(keys[0], 0)]: step(9_000_000_000_000),
    [rowKey(keys[0], 1)]: step(0),
    [rowKey(keys[0], 2)]: step(8_000_000_000_000),
    [rowKey(keys[1], 0)]: step(7_000_000_000_000),
  };
  const orders = rowsOf(recut([sourceOf([stepTable, steps])], 1)).map(([, , , row]) => (row as StepRow).order);
  expect(orders).toEqual([2, 0, 1, 1]);
});

test('up to where tasks were removed is the highest of what a new partition takes from', () => {
  const removedUpTo = (newest: string) => sourceOf([removedTable, { '': { newest } }]);
  const marks = (sources: readonly RowSource[], partitions: number) =>
    rowsOf(recut(sources, partitions))
      .map(([partition, , , row]) => [partition, (row as { newest: string }).newest])
      .sort(([a], [b]) => Number(a) - Number(b));
  expect(marks([removedUpTo('b')], 3)).toEqual([
    [0, 'b'],
    [1, 'b'],
    [2, 'b'],
  ]);
  expect(marks([removedUpTo('b'), removedUpTo('a'), sourceOf()], 2)).toEqual([
    [0, 'b'],
    [1, 'a'],
  ]);
});

test('messages that are under way cannot be moved', () => {
  const source = sourceOf([outboxTable, { '\x00\x01': { body: [] } }]);
  expect(() => rowsOf(recut([source], 3))).toThrow(expect.objectContaining({ code: 'INVARIANT' }));
});
