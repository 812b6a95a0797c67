/**
 * What can be seen of tasks: of one, and page by page of those that a filter lets through, the newest first.
 *
 * Keys begin with the time at which the id was made, so a page is read from its end of the tables. One request looks at
 * `limits.listRowsLookedAt` rows at most and says how far it came: however little the filter lets through, what the partition
 * does meanwhile is not held up.
 */
import { limits } from '../limits.ts';
import { listFilterOf } from '../protocol/list-filter.ts';
import { type ListFilter, type TaskPage, type TaskStatus, taskStateNames } from '../protocol/task-view.ts';
import { decodeValue, encodeValue } from '../values/codec.ts';
import { isTaskId, mintTaskId, taskIdOfKey, taskIdRandomBytes, taskKey } from '../values/task-id.ts';
import { refuse, reply } from './answers.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { grantKind } from './messages.ts';
import { keyRowKey } from './start.ts';
import { statusOf } from './status.ts';
import { type DoneRow, doneTable, keyTable, type SpecRow, specTable } from './tables.ts';

export const requestStatus = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void =>
  reply(tx, from, 1, encodeValue(statusOf(leader, tx, taskKey(id))));

/** A page of this partition's tasks, for a filter in JSON form. */
export const requestList = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, filterText: string): void => {
  let page: TaskPage;
  try {
    page = pageOf(leader, tx, listFilterOf(decodeValue(filterText)));
  } catch (error) {
    refuse(tx, from, error);
    return;
  }
  reply(tx, from, 1, encodeValue(page));
};

const pageOf = (leader: TaskLeader, tx: TaskTransaction, filter: ListFilter): TaskPage => {
  const only = [filter.idPrefix, filter.text?.toUpperCase()].find((id) => id !== undefined && isTaskId(id));
  if (only !== undefined) return pageOfOne(leader, tx, only, filter);
  if (filter.name !== undefined && filter.key !== undefined) {
    const holder = holderOf(tx, filter.name, filter.key);
    return holder === undefined ? { tasks: [], cursor: undefined } : pageOfOne(leader, tx, holder, filter);
  }
  const limit = filter.limit ?? limits.listPageMax;
  const oldest = filter.createdFrom === undefined ? '' : keyOfTime(filter.createdFrom.getTime() - limits.clockSlackMs);
  const tasks: TaskStatus[] = [];
  let rows = 0;
  let chars = 0;
  for (const [key, spec, done] of newestFirst(tx, filter)) {
    if (key < oldest) break;
    chars += done?.text.length ?? 0;
    if (passes(key, spec, filter) && (done === undefined || endedIn(done, filter.state))) {
      const status = statusOf(leader, tx, key);
      if (status !== undefined && isInState(status, filter.state)) tasks.push(status);
    }
    rows++;
    if (tasks.length >= limit || rows >= limits.listRowsLookedAt || chars >= limits.listCharsLookedAt)
      return { tasks, cursor: taskIdOfKey(key) };
  }
  return { tasks, cursor: undefined };
};

/** The task with an idempotency key: there is one at most. */
const holderOf = (tx: TaskTransaction, name: string, idempotencyKey: string): string | undefined => {
  const row = keyRowKey(name, idempotencyKey);
  return row.length > limits.storeKeyBytesMax ? undefined : tx.get(keyTable, row)?.id;
};

const pageOfOne = (leader: TaskLeader, tx: TaskTransaction, id: string, filter: ListFilter): TaskPage => {
  const key = taskKey(id);
  const status = statusOf(leader, tx, key);
  const spec = tx.get(doneTable, key)?.spec ?? tx.get(specTable, key);
  const there = status !== undefined && spec !== undefined && passes(key, spec, filter);
  const passed = filter.cursor === undefined || key < taskKey(filter.cursor);
  return { tasks: there && passed && isInState(status, filter.state) ? [status] : [], cursor: undefined };
};

type Looked = readonly [key: string, spec: SpecRow, done: DoneRow | undefined];

/** Tasks alive and finished, as far as the state that is asked for can be among them. */
function* newestFirst(tx: TaskTransaction, { state, cursor, createdTo }: ListFilter): Generator<Looked> {
  const bounds: string[] = [];
  if (cursor !== undefined) bounds.push(taskKey(cursor));
  if (createdTo !== undefined) bounds.push(keyOfTime(createdTo.getTime() + limits.clockSlackMs));
  const below = bounds.sort()[0];
  const finished = state === undefined ? undefined : finishedStates.has(state);
  const most = limits.listRowsLookedAt;
  const alive = finished === true ? undefined : tx.scanDown(specTable, below, most)[Symbol.iterator]();
  const ended = finished === false ? undefined : tx.scanDown(doneTable, below, most)[Symbol.iterator]();
  try {
    let spec = alive?.next();
    let done = ended?.next();
    for (;;) {
      const specKey = spec?.done === false ? spec.value[0] : undefined;
      const doneKey = done?.done === false ? done.value[0] : undefined;
      if (specKey !== undefined && (doneKey === undefined || specKey > doneKey)) {
        yield [specKey, spec?.value[1] as SpecRow, undefined];
        spec = alive?.next();
      } else if (doneKey !== undefined) {
        const row = done?.value[1] as DoneRow;
        yield [doneKey, row.spec, row];
        done = ended?.next();
      } else return;
    }
  } finally {
    alive?.return?.();
    ended?.return?.();
  }
}

const finishedStates: ReadonlySet<string> = new Set(['finished', 'completed', 'failed', 'cancelled']);

const endedIn = ({ status }: DoneRow, state: ListFilter['state']): boolean =>
  state === undefined || state === 'finished' || taskStateNames[status] === state;

const isInState = (status: TaskStatus, state: ListFilter['state']): boolean =>
  state === undefined || state === 'unfinished' || state === 'finished' || status.state === state;

const passes = (key: string, spec: SpecRow, filter: ListFilter): boolean => {
  const { name, idPrefix, text, topLevel, createdFrom, createdTo } = filter;
  return (
    spec.kind === grantKind.task &&
    (name === undefined || spec.name === name) &&
    (filter.key === undefined || spec.idempotencyKey === filter.key) &&
    (topLevel !== true || spec.parent === undefined) &&
    (createdFrom === undefined || spec.createdAt >= createdFrom.getTime()) &&
    (createdTo === undefined || spec.createdAt < createdTo.getTime()) &&
    (idPrefix === undefined || taskIdOfKey(key).startsWith(idPrefix)) &&
    (text === undefined ||
      spec.name.startsWith(text) ||
      spec.idempotencyKey?.startsWith(text) === true ||
      taskIdOfKey(key).startsWith(text.toUpperCase()))
  );
};

/** Below all keys of ids minted at this time or later, above all of earlier ones. */
const keyOfTime = (timeMs: number): string => {
  const time = Math.min(Math.max(0, timeMs), timeMsMax);
  const id = mintTaskId(0, time, new Uint8Array(taskIdRandomBytes));
  return taskKey(id);
};
const timeMsMax = 2 ** 48 - 1;
