/** How a task stands, made of its rows and of what the leader knows of its attempt. */
import { type TaskStateName, type TaskStatus, taskStateNames } from '../protocol/task-view.ts';
import { decodeError } from '../values/codec.ts';
import { taskIdOfKey } from '../values/task-id.ts';
import type { Live, TaskLeader, TaskTransaction } from './leader.ts';
import { grantKind } from './messages.ts';
import {
  type DoneRow,
  doneTable,
  rowKey,
  type SpecRow,
  type StateRow,
  specTable,
  stateTable,
  stepTable,
  taskStatus,
} from './tables.ts';
import { newState } from './task-rows.ts';

/** The status of a task; undefined for one that is not here, and for chunks, which are their map's affair, and canaries. */
export const statusOf = (leader: TaskLeader, tx: TaskTransaction, key: string): TaskStatus | undefined => {
  const done = tx.get(doneTable, key);
  if (done !== undefined) return doneStatus(tx, key, done);
  const spec = tx.get(specTable, key);
  if (spec === undefined || spec.kind !== grantKind.task) return undefined;
  return aliveStatus(leader, tx, key, spec, tx.get(stateTable, key) ?? newState);
};

const common = (key: string, spec: SpecRow) => ({
  id: taskIdOfKey(key),
  name: spec.name,
  key: spec.idempotencyKey,
  createdAt: new Date(spec.createdAt),
  parent: spec.parent === undefined ? undefined : taskIdOfKey(spec.parent.key),
});

const aliveStatus = (
  leader: TaskLeader,
  tx: TaskTransaction,
  key: string,
  spec: SpecRow,
  state: StateRow,
): TaskStatus => {
  const live: Live | undefined = leader.live.get(key);
  return {
    ...common(key, spec),
    ...aliveStateOf(tx, key, state, live),
    startedAt: state.startedAt === 0 ? undefined : new Date(state.startedAt),
    finishedAt: undefined,
    progress: leader.progress.get(key),
    error: undefined,
    ...(state.status === taskStatus.queued && !leader.gaps.isThere(spec.name) ? { lacking: true as const } : {}),
  };
};

/** What changes while a task is alive: the part of its status of which followers are told. */
export type TaskState = Pick<TaskStatus, 'state' | 'attempts' | 'steps'>;

const aliveStateOf = (tx: TaskTransaction, key: string, state: StateRow, live: Live | undefined): TaskState => {
  const waits = state.status === taskStatus.running && live?.pending !== undefined && live.pending.size > 0;
  return {
    state: waits ? 'waiting' : (taskStateNames[state.status] as TaskStateName),
    // A parked task, and one that has come back from there, is in the attempt in which it was parked. One without an entry runs all the
    // same where a new leader does not know yet who runs it.
    attempts: state.tries + (live === undefined && state.status !== taskStatus.running ? 0 : 1),
    steps: live?.steps ?? (state.n === 0 ? 0 : countSteps(tx, key)),
  };
};

const doneStateOf = (tx: TaskTransaction, key: string, done: DoneRow): TaskState => ({
  state: taskStateNames[done.status] as TaskStateName,
  attempts: done.tries,
  steps: done.journal === 1 ? countSteps(tx, key) : 0,
});

/** That of a task that is there. */
export const stateOf = (leader: TaskLeader, tx: TaskTransaction, key: string): TaskState => {
  const done = tx.get(doneTable, key);
  if (done !== undefined) return doneStateOf(tx, key, done);
  return aliveStateOf(tx, key, tx.get(stateTable, key) ?? newState, leader.live.get(key));
};

const doneStatus = (tx: TaskTransaction, key: string, done: DoneRow): TaskStatus => ({
  ...common(key, done.spec),
  ...doneStateOf(tx, key, done),
  startedAt: done.startedAt === 0 ? undefined : new Date(done.startedAt),
  finishedAt: new Date(done.finishedAt),
  progress: undefined,
  error: done.status === taskStatus.completed ? undefined : decodeError(done.text),
});

/** Steps have the indexes from 0 on, so how many there are is told by few of them. */
const countSteps = (tx: TaskTransaction, key: string): number => {
  const isThere = (index: number): boolean => tx.get(stepTable, rowKey(key, index)) !== undefined;
  let beyond = 1;
  while (isThere(beyond - 1)) beyond *= 2;
  let count = beyond >>> 1;
  while (count < beyond - 1) {
    const middle = (count + beyond) >>> 1;
    if (isThere(middle - 1)) count = middle;
    else beyond = middle;
  }
  return count;
};
