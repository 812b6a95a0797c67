/** A task as its rows tell it, where not every one of them need be there. */
import type { TaskTransaction } from './leader.ts';
import { inputTable, type SpecRow, type StateRow, specTable, stateTable, taskStatus } from './tables.ts';

/** The state of a task that was never granted and has no row in `state`. */
export const newState: StateRow = {
  status: taskStatus.queued,
  tries: 0,
  crashes: 0,
  epoch: 0,
  n: 0,
  dueAt: 0,
  startedAt: 0,
  watchers: 0,
  endedAttempts: 0,
  attemptAt: 0,
  retries: undefined,
};

/** How a task stands while it is alive; undefined if it has ended, or never was. */
export const aliveState = (tx: TaskTransaction, key: string): StateRow | undefined =>
  tx.get(stateTable, key) ?? (tx.get(specTable, key) === undefined ? undefined : newState);

/** Characters of an input up to which it stands in the spec, and so in the log again when the task ends. */
export const inlineInputChars = 1_024;

export const inputOf = (tx: TaskTransaction, key: string, spec: SpecRow): string =>
  spec.input ?? (tx.get(inputTable, key) as { readonly text: string }).text;

/** Removes the input of a task that is not kept, where it has a row. */
export const dropInput = (tx: TaskTransaction, key: string, spec: SpecRow): void => {
  if (spec.input === undefined) tx.delete(inputTable, key);
};
