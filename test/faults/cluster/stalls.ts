/** The longest stalls of each kind of fault, as a table. */
import type { Struck } from './run.ts';

export const stallsText = (struck: readonly Struck[]): string => {
  const groups = Map.groupBy(struck, ({ names }) => (names.length === 1 ? (names[0] as string) : 'several at once'));
  const rows = [...groups].map(([name, own]) => [
    name,
    String(own.length),
    ...[own.map(({ worstMs }) => worstMs), own.map(({ silentMs }) => silentMs), own.map(({ restMs }) => restMs)].map(
      (all) => `${Math.max(...all).toFixed(0)} ms`,
    ),
  ]);
  const table = [['fault', 'times', 'longest wait of a call', 'longest silence', 'at rest after'], ...rows];
  const widths = (table[0] as string[]).map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
