/** The rows of the register workload: values by key, and one row per client with its last request and what it was answered. */
import { defineTable } from '../../../src/partition/table.ts';

export type RegisterRow = { readonly value: number };
export type RequestRow = { readonly seq: number; readonly outcome: Outcome };
/** The sender's own count in the last message that came from a partition. */
export type InboxRow = { readonly last: number };

/** `ok` false: a compare-and-set that met another value. */
export type Outcome = { readonly ok: boolean; readonly value: number };

export const registerTable = defineTable<RegisterRow>({
  id: 200,
  name: 'registers',
  toFields: (row) => [row.value],
  fromFields: (fields) => ({ value: fields[0] as number }),
});

export const requestTable = defineTable<RequestRow>({
  id: 201,
  name: 'requests',
  toFields: (row) => [row.seq, row.outcome.ok, row.outcome.value],
  fromFields: (fields) => ({
    seq: fields[0] as number,
    outcome: { ok: fields[1] as boolean, value: fields[2] as number },
  }),
});

export const inboxTable = defineTable<InboxRow>({
  id: 202,
  name: 'inbox',
  toFields: (row) => [row.last],
  fromFields: (fields) => ({ last: fields[0] as number }),
});
