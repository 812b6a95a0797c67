/**
 * What a new leader does before it grants anything: it makes its memory again from the rows. An attempt that was noted and
 * is run by nobody is over; unless its task was waiting for a step, the crash is held against it (scenarios T3, T2).
 *
 * Who brought a process down is not known. Suspected is every attempt that was granted, also one that had not begun; but if
 * one was under way that had to be the only suspect (T-exclusive), that one. So a task that is merely unlucky gets its turn
 * alone before its count is full.
 */
import { resendMessages } from '../partition/outbox.ts';
import { settleOutcomes } from './child-outcome.ts';
import { attemptLost, exclusiveFrom, loadSteps } from './grant.ts';
import { type Finished, type Live, liveOf, type TaskLeader, type TaskTransaction } from './leader.ts';
import { grantKind, toExecutor } from './messages.ts';
import { rememberFinished } from './retention.ts';
import { resumeIfParked } from './steps.ts';
import { doneTable, type SpecRow, type StateRow, specTable, stateTable, taskStatus, watcherTable } from './tables.ts';
import { aliveState, newState } from './task-rows.ts';
import { addTimer, timerOfTask, timeSleeps } from './timers.ts';

/**
 * An attempt that an executor says it runs, as the roll call collected it. Only such as wait for nothing from the leader (the
 * result of a step, of a chunk): what was on its way there or back may be lost, so an executor lets go of the others.
 */
export type Running = { readonly key: string; readonly epoch: number; readonly n: number; readonly executor: number };

type Lost = { readonly key: string; readonly state: StateRow; readonly waited: boolean };

/**
 * Begins a leadership: `running` is what all live executors said they run of this partition. `previousEnd` says how the
 * process that ran the rest ended; undefined if no task can be to blame.
 */
export const claimTasks = (
  leader: TaskLeader,
  tx: TaskTransaction,
  epoch: number,
  running: readonly Running[],
  previousEnd: string | undefined,
): void => {
  leader.epoch = epoch;
  leader.finishedMeanwhile = new Set();
  const byKey = new Map(running.map((attempt) => [attempt.key, attempt]));
  const lost: Lost[] = [];
  for (const [key, spec] of tx.scan(specTable)) {
    const state = tx.get(stateTable, key) ?? newState;
    leader.alive++;
    if (state.n !== 0) timeSleeps(leader, tx, key);
    switch (state.status) {
      case taskStatus.scheduled:
        addTimer(leader, tx, { dueAt: state.dueAt, taskKey: key, step: timerOfTask.scheduled });
        break;
      case taskStatus.queued: {
        leader.queue.push(key, 0, spec.priority, state.n > 0 || spec.kind === grantKind.chunk);
        break;
      }
      case taskStatus.waiting: {
        const live = parkedEntry(leader, tx, key, state);
        const steps = loadSteps(tx, live);
        if (steps.every((step) => step.order !== 0)) resumeIfParked(leader, tx, key);
        break;
      }
      default: {
        const attempt = byKey.get(key);
        if (attempt !== undefined && adopt(leader, tx, state, attempt)) byKey.delete(key);
        else lost.push({ key, state, waited: isWaiting(leader, tx, key, state) });
      }
    }
  }
  // Whatever else runs was given up, or granted in a record that is lost.
  for (const attempt of byKey.values()) {
    const flat = [toExecutor.cancel, leader.settings.partition, attempt.epoch, attempt.n, 'taken over by a new leader'];
    tx.emit({ kind: 'executor', executor: attempt.executor, flat });
  }
  blame(leader, tx, lost, previousEnd);
  watchersToTell(leader, tx);
  settleOutcomes(leader, tx);
  resendMessages(tx, leader.settings.partition, leader.settings.partitions);
};

/** What runs well goes on under its own attempt; nothing is run twice. False: it is not the attempt that was noted last. */
const adopt = (leader: TaskLeader, tx: TaskTransaction, state: StateRow, attempt: Running): boolean => {
  const { key, epoch, n } = attempt;
  if (epoch !== state.epoch || n !== state.n || leader.byAttempt.has(n)) return false;
  const live = parkedEntry(leader, tx, key, state);
  live.executor = attempt.executor;
  live.started = true;
  loadSteps(tx, live);
  // How many results it got from earlier leaders is not known: when it parks, it comes back at once and counts anew.
  live.results = Number.POSITIVE_INFINITY;
  leader.byAttempt.set(n, live);
  leader.nextN = Math.max(leader.nextN, n + 1);
  return true;
};

const isWaiting = (leader: TaskLeader, tx: TaskTransaction, key: string, state: StateRow): boolean => {
  const probe = parkedEntry(leader, tx, key, state);
  loadSteps(tx, probe);
  leader.forget(probe);
  return probe.pending !== undefined && probe.pending.size > 0;
};

const blame = (
  leader: TaskLeader,
  tx: TaskTransaction,
  lost: readonly Lost[],
  previousEnd: string | undefined,
): void => {
  const certain = lost.some(({ state, waited }) => !waited && state.crashes >= exclusiveFrom);
  for (const { key, state, waited } of lost) {
    const blamed = !waited && (!certain || state.crashes >= exclusiveFrom);
    if (previousEnd === undefined || !blamed) attemptLost(leader, tx, key, { kind: 'returned' });
    else attemptLost(leader, tx, key, { kind: 'crashed', what: previousEnd, certain });
  }
};

/** Tasks that ended while steps waited for them, and not all were told. */
const watchersToTell = (leader: TaskLeader, tx: TaskTransaction): void => {
  const left = new Map<string, number>();
  for (const [rowKey] of tx.scan(watcherTable)) {
    const key = rowKey.slice(0, -4);
    if (aliveState(tx, key) === undefined) left.set(key, (left.get(key) ?? 0) + 1);
  }
  for (const [key, count] of left)
    addTimer(leader, tx, { dueAt: tx.time, taskKey: key, step: timerOfTask.watchers - count });
};

const parkedEntry = (leader: TaskLeader, tx: TaskTransaction, key: string, state: StateRow): Live => {
  const spec = tx.get(specTable, key) as SpecRow;
  const live = liveOf(key, spec, state);
  leader.live.set(key, live);
  return live;
};

/**
 * Collects the finished tasks of earlier leaders: those after key `after`, at most `most`. Returns where to go on, undefined
 * at the end. Nothing is removed before that.
 */
export const collectFinished = (
  leader: TaskLeader,
  tx: TaskTransaction,
  after: string,
  most: number,
): string | undefined => {
  let count = 0;
  let last = after;
  for (const [key, done] of tx.scan(doneTable, after)) {
    if (key === after || leader.finishedMeanwhile?.has(key) === true) continue;
    if (count++ >= most) return last;
    last = key;
    rememberFinished(leader, key, done);
  }
  leader.finishedMeanwhile = undefined;
  leader.finished.sort(byTime);
  leader.finishedWithKey.sort(byTime);
  return undefined;
};

const byTime = (a: Finished, b: Finished): number => a.finishedAt - b.finishedAt;
