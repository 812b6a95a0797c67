/**
 * What a new leader does before it grants anything: it makes its memory again from the rows. An attempt that was noted and
 * is run by nobody is over; unless its task was waiting for a step, the crash is held against it (scenarios T3, T2).
 */
import { resendMessages } from '../partition/outbox.ts';
import { type Lost, processEnded } from './blame.ts';
import { settleStep } from './child-outcome.ts';
import { attemptLost, loadSteps } from './grant.ts';
import { type Finished, type Live, liveOf, type TaskLeader, type TaskTransaction } from './leader.ts';
import { grantKind, toExecutor } from './messages.ts';
import { removedTable } from './removed-table.ts';
import { rememberFinished } from './retention.ts';
import { resumeIfParked } from './steps.ts';
import { doneTable, type SpecRow, type StateRow, specTable, stateTable, taskStatus, watcherTable } from './tables.ts';
import { aliveState, newState } from './task-rows.ts';
import { addTimer, timerOfTask, timeSleeps } from './timers.ts';

/**
 * An attempt that an executor says it runs, as the roll call collected it. Only such as wait for nothing from the leader (the
 * result of a step, of a chunk): what was on its way there or back may be lost, so an executor lets go of the others.
 */
export type Running = { readonly epoch: number; readonly n: number; readonly executor: number };

/** Attempts that were noted and have no outcome: each is run by somebody who may say so, or by nobody any more. */
export const attemptsNoted = (tx: Pick<TaskTransaction, 'scan'>): Set<string> => {
  const names = new Set<string>();
  for (const [, state] of tx.scan(stateTable)) if (state.status === taskStatus.running) names.add(nameOf(state));
  return names;
};

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
  if (previousEnd !== undefined) leader.suspectUpTo = tx.time;
  leader.finishedMeanwhile = new Set();
  leader.newestRemoved = tx.get(removedTable, '')?.newest ?? '';
  const byName = new Map(running.map((attempt) => [nameOf(attempt), attempt]));
  const lost: Lost[] = [];
  for (const [key, spec] of tx.scan(specTable)) {
    const state = tx.get(stateTable, key) ?? newState;
    noteAlive(leader, spec, state);
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
        leader.noteWaiting(live);
        if (steps.every((step) => step.order !== 0)) resumeIfParked(leader, tx, key);
        break;
      }
      default: {
        const attempt = byName.get(nameOf(state));
        if (attempt !== undefined && adopt(leader, tx, key, state, attempt)) byName.delete(nameOf(state));
        else lost.push({ key, state, waited: isWaiting(leader, tx, key, state) });
      }
    }
  }
  // Whatever else runs was given up, or granted in a record that is lost.
  for (const attempt of byName.values()) stop(leader, tx, attempt);
  processEnded(leader, tx, lost, previousEnd);
  watchersToTell(leader, tx);
  settleStep(leader, tx);
  resendMessages(tx, leader.settings.partition, leader.settings.partitions);
};

/**
 * An executor that did not answer the roll call in time says what it runs. What was taken for running there and is not goes
 * back to the queue; what it names and was given up is stopped.
 */
export const answeredLate = (
  leader: TaskLeader,
  tx: TaskTransaction,
  executor: number,
  running: readonly Running[],
): void => {
  const named = new Set(running.map(nameOf));
  for (const live of [...leader.live.values()])
    if (live.executor === executor && live.epoch !== leader.epoch && !named.has(nameOf(live)))
      attemptLost(leader, tx, live.key, { kind: 'returned' });
  for (const attempt of running)
    if (leader.attempt(attempt.epoch, attempt.n)?.executor !== executor) stop(leader, tx, attempt);
  settleStep(leader, tx);
};

const stop = (leader: TaskLeader, tx: TaskTransaction, { epoch, n, executor }: Running): void => {
  const flat = [toExecutor.cancel, leader.settings.partition, epoch, n, 'taken over by a new leader'];
  tx.emit({ kind: 'executor', executor, flat });
};

export const nameOf = (attempt: { readonly epoch: number; readonly n: number }): string =>
  `${attempt.epoch} ${attempt.n}`;

/** What runs well goes on under its own attempt; nothing is run twice. False: another one of that number was adopted before. */
const adopt = (
  leader: TaskLeader,
  tx: TaskTransaction,
  key: string,
  state: StateRow,
  { n, executor }: Running,
): boolean => {
  if (leader.byAttempt.has(n)) return false;
  const live = parkedEntry(leader, tx, key, state);
  live.executor = executor;
  live.started = true;
  loadSteps(tx, live);
  leader.noteWaiting(live);
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

/** A task that is there when the leader begins. */
const noteAlive = (leader: TaskLeader, { name, kind }: SpecRow, { status }: StateRow): void => {
  leader.alive++;
  if (kind === grantKind.canary) return;
  const counters = leader.counters.of(name);
  if (kind !== grantKind.task) return;
  counters.alive++;
  if (status === taskStatus.scheduled) counters.scheduled++;
};

const parkedEntry = (leader: TaskLeader, tx: TaskTransaction, key: string, state: StateRow): Live => {
  const spec = tx.get(specTable, key) as SpecRow;
  const live = liveOf(key, spec, state);
  leader.enter(live);
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
