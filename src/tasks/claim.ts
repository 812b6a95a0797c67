/**
 * What a new leader does: it makes its memory again from the rows, and serves. What was noted to run it leaves alone until it is known
 * who runs it (scenario T2): an attempt that is named is taken over. One that nobody names is over; unless its task was waiting for a
 * step, the crash is held against it (scenario T3).
 *
 * T-unnamed: an attempt in `unnamed` has no entry in `live`, and its task does not stand in the queue. What happens to it meanwhile (a
 * result of a step, its cancellation) happens to its rows, as with a task that is queued.
 */
import { resendMessages } from '../partition/outbox.ts';
import { type Lost, processEnded } from './blame.ts';
import { settleStep } from './child-outcome.ts';
import { attemptLost, exclusiveFrom, loadSteps } from './grant.ts';
import { type Finished, type Live, liveOf, type TaskLeader, type TaskTransaction } from './leader.ts';
import { grantKind, toExecutor } from './messages.ts';
import { removedTable } from './removed-table.ts';
import { rememberFinished } from './retention.ts';
import { resumeIfParked } from './steps.ts';
import { doneTable, type SpecRow, type StateRow, specTable, stateTable, taskStatus, watcherTable } from './tables.ts';
import { aliveState, newState } from './task-rows.ts';
import { addTimer, timerOfTask, timeSleeps } from './timers.ts';

/**
 * An attempt that an executor says it runs. Only such as wait for nothing from the leader (the result of a step, of a chunk): what was on
 * its way there or back may be lost, so an executor lets go of the others.
 */
export type NamedAttempt = { readonly epoch: number; readonly n: number };

/**
 * Begins a leadership. `previousEnd` says how the process of the leader before ended; undefined if no task can be to blame. To be
 * followed by `takeNamed` for each executor that says what it runs, and `loseUnnamed` when no more do.
 */
export const claimTasks = (
  leader: TaskLeader,
  tx: TaskTransaction,
  epoch: number,
  previousEnd: string | undefined,
): void => {
  leader.epoch = epoch;
  if (previousEnd !== undefined) leader.suspectUpTo = tx.time;
  leader.finishedMeanwhile = new Set();
  leader.newestRemoved = tx.get(removedTable, '')?.newest ?? '';
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
        leader.unnamed.set(nameOf(state), key);
        leader.nextN = Math.max(leader.nextN, state.n + 1);
      }
    }
  }
  watchersToTell(leader, tx);
  settleStep(leader, tx);
  resendMessages(tx, leader.settings.partition, leader.settings.partitions);
};

/**
 * An executor says what it runs: that is taken over. What it names and was given up meanwhile, or granted in a record that is lost, is
 * stopped. What was taken for running there and is not (it could not answer in time) goes back to the queue. Returns how many were
 * taken over.
 */
export const takeNamed = (
  leader: TaskLeader,
  tx: TaskTransaction,
  executor: number,
  running: readonly NamedAttempt[],
): number => {
  const named = new Set(running.map(nameOf));
  for (const live of [...leader.live.values()])
    if (live.executor === executor && live.epoch !== leader.epoch && !named.has(nameOf(live)))
      attemptLost(leader, tx, live.key, { kind: 'returned' });
  let count = 0;
  for (const attempt of running) {
    if (leader.attempt(attempt.epoch, attempt.n)?.executor === executor) continue;
    if (adopt(leader, tx, attempt, executor)) count++;
    else stop(leader, tx, attempt, executor);
  }
  settleStep(leader, tx);
  return count;
};

/** Whatever nobody has named is over. `previousEnd` as for `claimTasks`. */
export const loseUnnamed = (leader: TaskLeader, tx: TaskTransaction, previousEnd: string | undefined): void => {
  const lost: Lost[] = [];
  for (const [name, key] of leader.unnamed) {
    const state = noted(tx, key, name);
    if (state !== undefined) lost.push({ key, state, waited: isWaiting(leader, tx, key, state) });
  }
  leader.unnamed.clear();
  processEnded(leader, tx, lost, previousEnd);
  leader.queueSetAside();
  settleStep(leader, tx);
};

/** The row of a task whose attempt of this name is noted; undefined: it was cancelled meanwhile. */
const noted = (tx: TaskTransaction, key: string, name: string): StateRow | undefined => {
  const state = tx.get(stateTable, key);
  return state?.status === taskStatus.running && nameOf(state) === name ? state : undefined;
};

const stop = (leader: TaskLeader, tx: TaskTransaction, { epoch, n }: NamedAttempt, executor: number): void => {
  const flat = [toExecutor.cancel, leader.settings.partition, epoch, n, 'taken over by a new leader'];
  tx.emit({ kind: 'executor', executor, flat });
};

const nameOf = ({ epoch, n }: NamedAttempt): string => `${epoch} ${n}`;

/** What runs well goes on under its own attempt; nothing is run twice. False: it was given up, or another one of that number was adopted. */
const adopt = (leader: TaskLeader, tx: TaskTransaction, attempt: NamedAttempt, executor: number): boolean => {
  const { n } = attempt;
  const key = leader.unnamed.get(nameOf(attempt));
  const state = key === undefined ? undefined : noted(tx, key, nameOf(attempt));
  if (key === undefined || state === undefined || leader.byAttempt.has(n)) return false;
  leader.unnamed.delete(nameOf(attempt));
  const live = parkedEntry(leader, tx, key, state);
  live.executor = executor;
  live.started = true;
  loadSteps(tx, live);
  leader.noteWaiting(live);
  // How many results it got from earlier leaders is not known: when it parks, it comes back at once and counts anew.
  live.results = Number.POSITIVE_INFINITY;
  leader.byAttempt.set(n, live);
  if (state.crashes >= exclusiveFrom && live.pending === undefined) leader.beginExclusive(live);
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
