/** The table of the transact scenarios, and how callers speak to the partition: flat arrays, one a wake-up. */
import type { MessagePort } from 'node:worker_threads';
import { defineTable } from '../../../src/partition/table.ts';

/** About 100 bytes as it stands in the log. */
export type Counter = { readonly count: number; readonly filler: string };

export const counterTable = defineTable<Counter>({
  id: 1_000,
  name: 'counters',
  toFields: (row) => [row.count, row.filler],
  fromFields: ([count, filler]) => ({ count: count as number, filler: filler as string }),
});

export const filler = 'x'.repeat(90);

/** Requests `[caller, key, …]`, answers `[caller, count, …]`. */
export type FlatCalls = (number | string)[];

export type PartitionThreadData = {
  readonly folder: string;
  readonly partitions: number;
  readonly callers: MessagePort;
  /** To the store's writer, in another thread as in a node. */
  readonly store: MessagePort;
};

export type WriterThreadData = { readonly folder: string; readonly store: MessagePort };
