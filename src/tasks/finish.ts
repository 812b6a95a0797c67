/** How a task ends: its row in `done`, and everybody who waits is told. */

import { TuttiError } from '../errors/tutti-error.ts';
import { sendMessage } from '../partition/outbox.ts';
import { encodeError } from '../values/codec.ts';
import { hashOfTaskId, partitionOfHash, taskIdOfKey, taskKey } from '../values/task-id.ts';
import { hasAttempt, noteLast } from './attempt-rows.ts';
import { stopAll } from './copies.ts';
import type { FunctionCounters } from './counters.ts';
import { tellFinished } from './followers.ts';
import { dropLogs, dropSteps } from './journal-rows.ts';
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { grantKind, toClient } from './messages.ts';
import { rememberFinished } from './retention.ts';
import {
  chunkKey,
  chunkTable,
  type DoneRow,
  doneTable,
  mapTable,
  type ParentRef,
  rowKey,
  type SpecRow,
  type StateRow,
  specTable,
  stateTable,
  stepKind,
  stepTable,
  taskStatus,
  watcherTable,
} from './tables.ts';
import { aliveState, dropInput, newState } from './task-rows.ts';
import { addTimer, timerOfTask } from './timers.ts';

export type Ending = { readonly status: number; readonly text: string; readonly tries: number; readonly runMs: number };

/**
 * Ends a task that is alive. Its attempt, if it has one, no longer counts. Whatever ends here tells its parent in this very
 * record (scenario T5); further steps that wait for it are told one by one in later ones, because there may be many.
 */
export const finishTask = (
  leader: TaskLeader,
  tx: TaskTransaction,
  key: string,
  state: StateRow,
  ending: Ending,
): void => {
  const live = leader.live.get(key);
  const spec = live?.spec ?? (tx.get(specTable, key) as SpecRow);
  leader.alive--;
  leader.changes++;
  tx.delete(specTable, key);
  if (state !== newState) tx.delete(stateTable, key);
  if (ending.status !== taskStatus.completed && state.n !== 0) cancelChildren(leader, tx, key);
  if (spec.kind !== grantKind.task) {
    // The outcome of a chunk travels to its parent in this very record: nothing of it is needed any more.
    dropInput(tx, key, spec);
    if (state.n !== 0) {
      if (live === undefined || live.steps > 0) dropSteps(tx, key);
      if (live === undefined || live.logs > 0) dropLogs(tx, key);
    }
  } else {
    if (state.endedAttempts > 0 && hasAttempt(state, live)) noteLast(tx, key, state, live?.executor ?? -1);
    const nothing = live === undefined ? state.n === 0 : live.steps + live.logs + state.endedAttempts === 0;
    const done: DoneRow = {
      status: ending.status,
      text: ending.text,
      finishedAt: tx.time,
      startedAt: state.startedAt,
      tries: ending.tries,
      journal: nothing ? 0 : 1,
      spec,
      retries: state.retries,
    };
    tx.put(doneTable, key, done);
    countEnd(live?.counters ?? leader.counters.of(spec.name), state, ending);
    leader.finishedMeanwhile?.add(key);
    rememberFinished(leader, key, done);
  }
  if (live !== undefined) leader.forget(live);
  leader.progress.delete(key);
  const ok = ending.status === taskStatus.completed ? 1 : 0;
  if (spec.parent !== undefined) tellParent(leader, tx, spec.parent, key, ok, ending);
  if (state.watchers > 0)
    addTimer(leader, tx, { dueAt: tx.time, taskKey: key, step: timerOfTask.watchers - state.watchers });
  const waiters = leader.waiters.get(key);
  if (waiters !== undefined) {
    leader.waiters.delete(key);
    for (const { client, request } of waiters)
      tx.emit({ kind: 'client', client, flat: [toClient.reply, request, ok, ending.text] });
  }
  tellFinished(leader, tx, key, ok, ending.text);
};

const countEnd = (counters: FunctionCounters, state: StateRow, { status, runMs }: Ending): void => {
  counters.alive--;
  if (state.status === taskStatus.scheduled) counters.scheduled--;
  if (status === taskStatus.cancelled) counters.cancelled++;
  else {
    if (status === taskStatus.completed) counters.completed++;
    else counters.failed++;
    counters.runTime.add(runMs);
  }
};

/** Tells the last of `left` steps that wait for a task which has ended, and comes back for the others. */
export const tellWatcher = (leader: TaskLeader, tx: TaskTransaction, key: string, left: number): void => {
  const done = tx.get(doneTable, key);
  // `retry` made it alive again: they wait for its next end.
  if (done === undefined) return;
  const row = rowKey(key, left - 1);
  const watcher = tx.get(watcherTable, row);
  tx.delete(watcherTable, row);
  const ok = done.status === taskStatus.completed ? 1 : 0;
  if (watcher !== undefined) tellParent(leader, tx, watcher, key, ok, { text: done.text, runMs: 0 });
  if (left > 1) addTimer(leader, tx, { dueAt: tx.time, taskKey: key, step: timerOfTask.watchers - (left - 1) });
};

const tellParent = (
  leader: TaskLeader,
  tx: TaskTransaction,
  parent: ParentRef,
  key: string,
  ok: number,
  ending: Pick<Ending, 'text' | 'runMs'>,
): void => {
  if (parent.partition === leader.settings.partition)
    leader.outcomes.push({ parent, ok, text: ending.text, runMs: ending.runMs });
  else
    sendMessage(tx, leader.settings.partition, parent.partition, [
      'finished',
      parent.key,
      parent.step,
      parent.chunk,
      ok,
      ending.text,
      ending.runMs,
      taskIdOfKey(key),
    ]);
};

/** Ends a task as cancelled, whatever it does now; its children likewise. */
export const cancelTask = (
  leader: TaskLeader,
  tx: TaskTransaction,
  key: string,
  state: StateRow,
  reason: string,
): void => {
  const live = leader.live.get(key);
  if (live !== undefined) stopAll(leader, tx, live, reason);
  const error = new TuttiError('TASK_CANCELLED', `Task ${taskIdOfKey(key)} was cancelled: ${reason}.`, {
    details: { id: taskIdOfKey(key) },
  });
  error.stack = `${error.name}: ${error.message}`;
  finishTask(leader, tx, key, state, {
    status: taskStatus.cancelled,
    text: encodeError(error),
    tries: state.tries,
    runMs: 0,
  });
};

/** Cancels what a task waits for: children by `call` and `start`, chunks of maps. */
const cancelChildren = (leader: TaskLeader, tx: TaskTransaction, key: string): void => {
  for (let index = 0; ; index++) {
    const step = tx.get(stepTable, rowKey(key, index));
    if (step === undefined) break;
    if (step.kind === stepKind.map) cancelChunks(leader, tx, key, index);
    else if ((step.kind === stepKind.call && step.order === 0) || (step.kind === stepKind.start && step.outcome === 0))
      if (step.target !== '') cancelById(leader, tx, step.target, 'its parent ended');
  }
};

/** Cancels the chunks of a map whose results are not there. */
export const cancelChunks = (leader: TaskLeader, tx: TaskTransaction, key: string, step: number): void => {
  const map = tx.get(mapTable, rowKey(key, step));
  if (map === undefined || map.chunksDone === map.chunks) return;
  for (let chunk = 0; chunk < map.chunks; chunk++) {
    const row = tx.get(chunkTable, chunkKey(key, step, chunk));
    if (row !== undefined && row.text === undefined) cancelById(leader, tx, row.childId, 'its map ended');
  }
};

/** By a message also within the partition: each child ends in a record of its own, however many and however deep they are. */
const cancelById = (leader: TaskLeader, tx: TaskTransaction, id: string, reason: string): void => {
  const partition = partitionOfHash(hashOfTaskId(id), leader.settings.partitions);
  sendMessage(tx, leader.settings.partition, partition, ['cancel', id, reason]);
};

/** Cancels a task of this partition because its parent ended: if it is alive, and no other step waits for it too. */
export const cancelChild = (leader: TaskLeader, tx: TaskTransaction, id: string, reason: string): void => {
  const key = taskKey(id);
  const state = aliveState(tx, key);
  if (state !== undefined && state.watchers === 0) cancelTask(leader, tx, key, state, reason);
};
