/** What a task logged and how far it is: once, or as it comes. */
import { taskKey } from '../values/task-id.ts';
import { notFound, refuse, reply } from './answers.ts';
import { addFollower, endFollow, tell } from './followers.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { grantKind } from './messages.ts';
import { doneTable, specTable, taskStatus } from './tables.ts';
import { finishedEvent, linesFrom, lineText, logEvent, progressEvent, stateEvent } from './task-events.ts';

export const requestLogs = (tx: TaskTransaction, from: Waiter, id: string, fromLog: number): void => {
  const key = taskKey(id);
  if (tx.get(specTable, key) === undefined && tx.get(doneTable, key) === undefined) refuse(tx, from, notFound(id));
  else reply(tx, from, 1, `[${linesFrom(tx, key, indexOf(fromLog)).map(lineText).join(',')}]`);
};

export const requestFollow = (
  leader: TaskLeader,
  tx: TaskTransaction,
  from: Waiter,
  id: string,
  fromLog: number,
): void => {
  const key = taskKey(id);
  const done = tx.get(doneTable, key);
  const spec = done?.spec ?? tx.get(specTable, key);
  if (spec === undefined || spec.kind !== grantKind.task) {
    refuse(tx, from, notFound(id));
    return;
  }
  const state = stateEvent(leader, tx, key);
  tell(tx, from, state);
  const first = indexOf(fromLog);
  const lines = linesFrom(tx, key, first);
  for (const [at, line] of lines.entries()) tell(tx, from, logEvent(first + at, line));
  const next = first + lines.length;
  if (linesFrom(tx, key, next).length > 0) {
    endFollow(tx, from, next);
    return;
  }
  const progress = leader.progress.get(key);
  if (progress !== undefined) tell(tx, from, progressEvent(progress));
  if (done === undefined) addFollower(leader, key, { ...from, fromLog: first }, state);
  else {
    tell(tx, from, finishedEvent(done.status === taskStatus.completed ? 1 : 0, done.text));
    endFollow(tx, from);
  }
};

const indexMax = 2 ** 31;

/** What comes from outside, as an index that a row can have. */
const indexOf = (index: number): number => (index >= 0 ? Math.min(Math.floor(index), indexMax) : 0);
