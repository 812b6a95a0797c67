/**
 * What timers are for: sleeps, tasks that begin later, and watchers that are to be told. Due times are record times, so that
 * a leader whose clock is wrong, or jumps, changes nothing about the order of things (scenario T8).
 *
 * A timer that is no longer wanted (its task has ended, its step has a result) stays in the heap and does nothing when it
 * is due. When the heap has doubled, such timers are thrown out; so memory follows what waits, not what ever waited.
 */
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { rowKey, stateTable, stepKind, stepTable, taskStatus } from './tables.ts';
import type { Timer } from './timer-heap.ts';

/**
 * In the place of a step's index (of a sleep, or of a map whose last chunks are looked after). `straggler`: the chunk should
 * have ended. `watchers`, minus how many are left: the task has ended, those who wait for it are told.
 */
export const timerOfTask = { scheduled: -1, straggler: -2, watchers: -3 } as const;

const sizeMin = 1_024;

export const addTimer = (leader: TaskLeader, tx: TaskTransaction, timer: Timer): void => {
  leader.timers.push(timer);
  if (leader.timers.size < sizeMin || leader.timers.size < leader.timersKept * 2) return;
  leader.timers.retain((each) => isWanted(tx, each));
  leader.timersKept = leader.timers.size;
};

/** Times the sleeps of a task that are not over: once by each leader. */
export const timeSleeps = (leader: TaskLeader, tx: TaskTransaction, taskKey: string): void => {
  for (let index = 0; ; index++) {
    const step = tx.get(stepTable, rowKey(taskKey, index));
    if (step === undefined) break;
    if (step.kind === stepKind.sleep && step.order === 0)
      addTimer(leader, tx, { dueAt: step.dueAt, taskKey, step: index });
  }
};

const isWanted = (tx: TaskTransaction, timer: Timer): boolean => {
  if (timer.step < timerOfTask.watchers) return true;
  const state = tx.get(stateTable, timer.taskKey);
  if (state === undefined) return false;
  if (timer.step === timerOfTask.straggler) return state.status === taskStatus.running;
  if (timer.step === timerOfTask.scheduled) return state.status === taskStatus.scheduled && state.dueAt === timer.dueAt;
  const step = tx.get(stepTable, rowKey(timer.taskKey, timer.step));
  if (step === undefined || step.order !== 0) return false;
  return step.kind === stepKind.map || (step.kind === stepKind.sleep && step.dueAt === timer.dueAt);
};
