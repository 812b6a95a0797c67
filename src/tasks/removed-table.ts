/** What is remembered of tasks that retention has removed, so that none of them is run again (`start.ts`). */
import { defineTable } from '../partition/table.ts';

export type RemovedRow = {
  /** Mint time, as task keys begin with it, of the newest task that was started by a client and removed. */
  readonly newest: string;
};

/** One row, key ''. */
export const removedTable = defineTable<RemovedRow>({
  id: 28,
  name: 'removed',
  toFields: (row) => [row.newest],
  fromFields: (fields) => ({ newest: fields[0] as string }),
});
