/** Tables of what is kept for people to see, and decides nothing. */
import { defineTable } from '../partition/table.ts';

export type AttemptRow = {
  /** From 1, over the task's whole life. */
  readonly n: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** -1: not known. */
  readonly executor: number;
  /** Its error; '' of the one that ended the task, whose result or error stands in `done`. */
  readonly text: string;
};

/** How far the parts of a map are (`map-heat.ts`). Key: task key, index of the step. */
export const heatTable = defineTable<{ readonly cells: readonly number[] }>({
  id: 27,
  name: 'heats',
  growing: true,
  toFields: (row) => row.cells,
  chars: (row) => row.cells.length * 2,
  fromFields: (fields) => ({ cells: fields as readonly number[] }),
});

/** Attempts that ended, the last `limits.attemptsShownMax`. Key: task key, number of the attempt from 0 modulo that. */
export const attemptTable = defineTable<AttemptRow>({
  id: 26,
  name: 'attempts',
  growing: true,
  toFields: (row) => [row.n, row.startedAt, row.endedAt, row.executor, row.text],
  fromFields: (fields) => ({
    n: fields[0] as number,
    startedAt: fields[1] as number,
    endedAt: fields[2] as number,
    executor: fields[3] as number,
    text: fields[4] as string,
  }),
});
