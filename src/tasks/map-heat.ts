/**
 * How far a map is, part by part: its items in `limits.mapHeatCells` equal parts at most, and of each how many are done and
 * what they took. One row for a map, however many items it has.
 */
import { limits } from '../limits.ts';
import { heatTable } from './history-tables.ts';
import type { TaskTransaction } from './leader.ts';
import { rowKey } from './tables.ts';

/** Adds the items from `from` to `to`, which took `runMs` together, to the cells of a map with `count` items. */
export const withHeat = (
  before: readonly number[] | undefined,
  count: number,
  from: number,
  to: number,
  runMs: number,
): number[] => {
  const cells = Math.min(count, limits.mapHeatCells);
  const heat = before?.slice() ?? new Array<number>(cells * 2).fill(0);
  const first = Math.floor(((from + 1) * cells - 1) / count);
  for (let cell = first; cell < cells; cell++) {
    const begin = Math.max(from, Math.floor((cell * count) / cells));
    const end = Math.min(to, Math.floor(((cell + 1) * count) / cells));
    if (begin >= to) break;
    heat[cell * 2] = (heat[cell * 2] as number) + end - begin;
    heat[cell * 2 + 1] = (heat[cell * 2 + 1] as number) + Math.round((runMs * (end - begin)) / (to - from));
  }
  return heat;
};

export const addHeat = (
  tx: TaskTransaction,
  key: string,
  step: number,
  count: number,
  from: number,
  to: number,
  runMs: number,
): void => {
  const row = rowKey(key, step);
  tx.put(heatTable, row, { cells: withHeat(tx.get(heatTable, row)?.cells, count, from, to, runMs) });
};

/** Cells as they are shown. Empty where nothing is known. */
export const heatOf = (tx: TaskTransaction, key: string, step: number): (readonly [done: number, runMs: number])[] => {
  const cells = tx.get(heatTable, rowKey(key, step))?.cells ?? [];
  return Array.from({ length: cells.length / 2 }, (_, cell) => [
    cells[cell * 2] as number,
    cells[cell * 2 + 1] as number,
  ]);
};
