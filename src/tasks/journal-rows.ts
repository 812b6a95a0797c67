/** Removing the rows that belong to a task. */
import { dropAttempts } from './attempt-rows.ts';
import { heatTable } from './history-tables.ts';
import type { TaskTransaction } from './leader.ts';
import { keyRowKey } from './start.ts';
import {
  chunkKey,
  chunkTable,
  type DoneRow,
  doneTable,
  keyTable,
  logTable,
  mapTable,
  rowKey,
  stepKind,
  stepTable,
} from './tables.ts';
import { dropInput } from './task-rows.ts';

/** Removes the journal of a task from step `fromIndex` on. */
export const dropSteps = (tx: TaskTransaction, key: string, fromIndex = 0): void => {
  for (let index = fromIndex; ; index++) {
    const step = tx.get(stepTable, rowKey(key, index));
    if (step === undefined) break;
    tx.delete(stepTable, rowKey(key, index));
    if (step.kind !== stepKind.map) continue;
    const map = tx.get(mapTable, rowKey(key, index));
    if (map === undefined) continue;
    for (let chunk = 0; chunk < map.chunks; chunk++) tx.delete(chunkTable, chunkKey(key, index, chunk));
    tx.delete(mapTable, rowKey(key, index));
    if (map.chunksDone > 0) tx.delete(heatTable, rowKey(key, index));
  }
};

/** Removes a finished task with all that belongs to it. */
export const dropTask = (tx: TaskTransaction, key: string, { spec, journal }: DoneRow): void => {
  tx.delete(doneTable, key);
  dropInput(tx, key, spec);
  if (spec.idempotencyKey !== undefined) tx.delete(keyTable, keyRowKey(spec.name, spec.idempotencyKey));
  if (journal === 0) return;
  dropSteps(tx, key);
  dropLogs(tx, key);
  dropAttempts(tx, key);
};

export const dropLogs = (tx: TaskTransaction, key: string): void => {
  for (let index = 0; tx.get(logTable, rowKey(key, index)) !== undefined; index++)
    tx.delete(logTable, rowKey(key, index));
};
