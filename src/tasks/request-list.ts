/** What can be seen of tasks: of one, and of those that a filter lets through. */
import type { ListFilter, TaskStatus } from '../protocol/task-view.ts';
import { decodeValue, encodeValue } from '../values/codec.ts';
import { taskIdOfKey, taskKey } from '../values/task-id.ts';
import { refuse, reply } from './answers.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { statusOf } from './status.ts';
import { doneTable, specTable } from './tables.ts';

const listMax = 1000;

export const requestStatus = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void =>
  reply(tx, from, 1, encodeValue(statusOf(leader, tx, taskKey(id))));

/** The newest that the filter (encoded) lets through, newest first. */
export const requestList = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, filterText: string): void => {
  let filter: ListFilter;
  try {
    filter = (decodeValue(filterText) ?? {}) as ListFilter;
  } catch (error) {
    refuse(tx, from, error);
    return;
  }
  const keys: string[] = [];
  const finished = filter.state === undefined ? undefined : finishedStates.has(filter.state);
  const { idPrefix = '' } = filter;
  for (const table of [specTable, doneTable]) {
    if (finished !== undefined && finished !== (table === doneTable)) continue;
    for (const [key] of tx.scan<unknown>(table)) if (taskIdOfKey(key).startsWith(idPrefix)) keys.push(key);
  }
  // A key begins with the time: what is asked of the rows ends with the last one that is shown.
  keys.sort();
  const limit = filter.limit ?? listMax;
  const found: TaskStatus[] = [];
  for (let key = keys.pop(); key !== undefined && found.length < limit; key = keys.pop()) {
    const status = statusOf(leader, tx, key);
    if (status !== undefined && passes(status, filter)) found.push(status);
  }
  found.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1));
  reply(tx, from, 1, encodeValue(found));
};

const finishedStates: ReadonlySet<string> = new Set(['finished', 'completed', 'failed', 'cancelled']);

const passes = (status: TaskStatus, { state, name, key, topLevel }: ListFilter): boolean =>
  (state === undefined || state === 'unfinished' || state === 'finished' || status.state === state) &&
  (name === undefined || status.name === name) &&
  (key === undefined || status.key === key) &&
  (topLevel !== true || status.parent === undefined);
