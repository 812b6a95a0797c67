/**
 * Grants: how a task comes to an executor, and what happens when an attempt ends without finishing the task. A grant is
 * noted in the log, so that crashes are counted (scenario T3).
 *
 * Where an executor wants work and no task waits, a new task is granted in the record that makes it, and the grant leaves
 * when that record is durable (`startTask`). Out of the queue, which gives out only what is durable, the first grant of a
 * task leaves without waiting for its note, unless the process before ended and may have ended because of it. Later ones may
 * carry a journal that is not durable yet, and the note about a task
 * that has crashed before must not get lost again: these pass the gate.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { encodeError } from '../values/codec.ts';
import { taskIdOfKey } from '../values/task-id.ts';
import { noteEnded } from './attempt-rows.ts';
import { backoffMs } from './backoff.ts';
import { settleStep } from './child-outcome.ts';
import { dropCopy } from './copies.ts';
import { finishTask } from './finish.ts';
import { firstGrant, grantMessage, noteGrant } from './first-grant.ts';
import { tellChanges } from './followers.ts';
import type { Live, TaskLeader, TaskTransaction } from './leader.ts';
import { resendChunks } from './map.ts';
import { grantKind } from './messages.ts';
import { mayBeCopied, queueCopy } from './stragglers.ts';
import {
  logTable,
  rowKey,
  type SpecRow,
  type StateRow,
  type StepRow,
  specTable,
  stateTable,
  stepKind,
  stepTable,
  taskStatus,
} from './tables.ts';
import { newState } from './task-rows.ts';
import { addTimer, timerOfTask } from './timers.ts';

/** From so many crashes on a task has to be the only suspect of the next one (T-exclusive). */
export const exclusiveFrom = 3;

/** Gives up to `count` tasks to an executor. Returns how many it gave. */
export const grantTasks = (
  leader: TaskLeader,
  tx: TaskTransaction,
  acknowledged: number,
  executor: number,
  count: number,
): number => {
  let given = 0;
  let putAside = 0;
  const ownStragglers: string[] = [];
  const names = leader.namesToLookAt(executor);
  const isAlive = (key: string): boolean => tx.get(specTable, key) !== undefined;
  while (given < count) {
    // Where it stands, should it be put aside.
    const standing = names === undefined ? undefined : leader.queue.next(acknowledged);
    const key = takeNext(leader, names, acknowledged);
    if (key === undefined) break;
    const spec = tx.get(specTable, key);
    // It has ended meanwhile.
    if (spec === undefined) continue;
    if (names !== undefined && standing !== undefined && !names.has(spec.name)) {
      leader.aside.push(spec.name, key, standing, isAlive);
      leader.asideStopped = ++putAside >= limits.asideTasksPerStep;
      if (leader.asideStopped) break;
      continue;
    }
    const state = tx.get(stateTable, key) ?? newState;
    // Queued twice, or a chunk that takes too long.
    if (state.status !== taskStatus.queued) {
      const live = leader.live.get(key);
      if (live === undefined || !mayBeCopied(live)) continue;
      if (live.executor === executor) ownStragglers.push(key);
      else {
        grantCopy(leader, tx, executor, live, state);
        given++;
      }
      continue;
    }
    if (state.crashes >= exclusiveFrom && leader.exclusiveRuns) {
      leader.setAside(key);
      continue;
    }
    grant(leader, tx, executor, key, spec, state);
    given++;
  }
  for (const key of ownStragglers) queueCopy(leader, key);
  tellChanges(leader, tx);
  return given;
};

const takeNext = (
  leader: TaskLeader,
  names: ReadonlySet<string> | undefined,
  acknowledged: number,
): string | undefined => {
  const { queue, aside } = leader;
  if (aside.length > 0) {
    const key = aside.takeBefore(names, acknowledged, queue.next(acknowledged));
    if (key !== undefined) return key;
  }
  return queue.take(acknowledged);
};

/** A second attempt of a chunk, by another executor. Nothing is noted: only this leader takes reports of it. */
const grantCopy = (leader: TaskLeader, tx: TaskTransaction, executor: number, live: Live, state: StateRow): void => {
  const n = leader.nextN++;
  live.twin = { n, epoch: leader.epoch, executor, started: false };
  leader.byAttempt.set(n, live);
  const flat = grantMessage(leader, tx, live, live.twin, live.spec, state.tries, undefined);
  tx.emitSettled({ kind: 'executor', executor, flat });
};

const grant = (
  leader: TaskLeader,
  tx: TaskTransaction,
  executor: number,
  key: string,
  spec: SpecRow,
  state: StateRow,
): void => {
  const before = leader.live.get(key);
  if (before !== undefined) leader.forget(before);
  // A task that was never granted has no journal, and no crash that must be counted first.
  if (state.n === 0) {
    const output = firstGrant(leader, tx, executor, key, spec, state);
    if (spec.createdAt <= leader.suspectUpTo) tx.emit(output);
    else tx.emitSettled(output);
    return;
  }
  const live = noteGrant(leader, tx, executor, key, spec, state);
  const steps = loadSteps(tx, live);
  leader.noteWaiting(live);
  if (state.crashes >= exclusiveFrom && live.pending === undefined) leader.beginExclusive(live);
  tx.emit({ kind: 'executor', executor, flat: grantMessage(leader, tx, live, live, spec, state.tries, steps) });
  for (const [index, step] of steps.entries())
    if (step.kind === stepKind.map) resendChunks(leader, tx, live, index, step.stepKey);
};

/** Reads the journal rows of a task into its entry. */
export const loadSteps = (tx: TaskTransaction, live: Live): StepRow[] => {
  const steps: StepRow[] = [];
  for (
    let step = tx.get(stepTable, rowKey(live.key, 0));
    step !== undefined;
    step = tx.get(stepTable, rowKey(live.key, steps.length))
  ) {
    if (step.order === 0) {
      live.pending ??= new Map();
      live.pending.set(step.stepKey, steps.length);
      if (step.kind === stepKind.map) {
        live.reopens ??= new Set();
        live.reopens.add(step.stepKey);
      }
    }
    steps.push(step);
  }
  live.steps = steps.length;
  while (tx.get(logTable, rowKey(live.key, live.logs)) !== undefined) live.logs++;
  return steps;
};

/** The attempt threw. */
export const attemptFailed = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  text: string,
  retryable: boolean,
  runMs: number,
): void => {
  const state = tx.get(stateTable, live.key) as StateRow;
  const tries = state.tries + 1;
  const policy = leader.policy(live.spec.policy);
  const { counters } = live;
  if (counters !== undefined) counters.failedAttempts++;
  if (!retryable || tries >= policy.attempts) {
    finishTask(leader, tx, live.key, state, { status: taskStatus.failed, text, tries, runMs });
    return;
  }
  const dueAt = tx.time + backoffMs(tries, policy, leader.settings.random());
  const noted = noteEnded(tx, live.key, live.spec, state, live.executor, text);
  if (counters !== undefined) counters.scheduled++;
  counters?.runTime.add(runMs);
  leader.forget(live);
  tx.put(stateTable, live.key, { ...noted, status: taskStatus.scheduled, tries, dueAt });
  addTimer(leader, tx, { dueAt, taskKey: live.key, step: timerOfTask.scheduled });
  leader.noteChange(live.key);
};

/** Why an attempt is over without a report. */
export type Loss =
  /** It never began, or was given back: no blame. */
  | { readonly kind: 'returned' }
  /** It ended its thread or process; `certain` is false where others are as likely to have done it. */
  | { readonly kind: 'crashed'; readonly what: string; readonly certain?: boolean }
  /** The thread was ended because of its timeout. */
  | { readonly kind: 'timeout'; readonly timeoutMs: number };

/**
 * An attempt is over without a report. The task is queued again, unless it did this too often. A crash that may be another's
 * never ends a task: it is counted, and from `exclusiveFrom` on there is certainty.
 */
export const attemptLost = (leader: TaskLeader, tx: TaskTransaction, key: string, loss: Loss): void => {
  const state = tx.get(stateTable, key) as StateRow;
  const spec = tx.get(specTable, key) as SpecRow;
  const live = leader.live.get(key);
  if (live?.twin !== undefined) {
    // Its other copy goes on.
    dropCopy(leader, tx, live, live.n);
    return;
  }
  const id = taskIdOfKey(key);
  if (spec.kind === grantKind.canary) {
    const text = encodeError(withoutStack(new TuttiError('TASK_CRASHED', 'Its executor has ended.')));
    finishTask(leader, tx, key, state, { status: taskStatus.failed, text, tries: 1, runMs: 0 });
    return;
  }
  if (loss.kind === 'timeout' && live !== undefined) {
    const error = withoutStack(
      new TuttiError(
        'TASK_TIMEOUT',
        `Task ${id} (${spec.name}) ran longer than its timeout of ${loss.timeoutMs} ms and did not stop, so its thread was ended.`,
        { details: { id, timeoutMs: loss.timeoutMs } },
      ),
    );
    attemptFailed(leader, tx, live, encodeError(error), true, loss.timeoutMs);
    settleStep(leader, tx);
    return;
  }
  const crashes = loss.kind === 'crashed' ? state.crashes + 1 : state.crashes;
  if (loss.kind === 'crashed' && spec.kind === grantKind.task) leader.counters.of(spec.name).failedAttempts++;
  if (loss.kind === 'crashed' && loss.certain !== false && crashes >= leader.policy(spec.policy).attempts) {
    const error = withoutStack(
      new TuttiError(
        'TASK_CRASHED',
        `Task ${id} (${spec.name}) was running each of the ${crashes} times in a row that its thread or process ended. Last time: ${loss.what}.`,
        { details: { id, crashes, last: loss.what } },
      ),
    );
    finishTask(leader, tx, key, state, {
      status: taskStatus.failed,
      text: encodeError(error),
      tries: state.tries + 1,
      runMs: 0,
    });
    settleStep(leader, tx);
    return;
  }
  const noted =
    loss.kind === 'crashed' ? noteEnded(tx, key, spec, state, live?.executor ?? -1, crashText(loss.what)) : state;
  if (live !== undefined) leader.forget(live);
  tx.put(stateTable, key, { ...noted, attemptAt: 0, status: taskStatus.queued, crashes });
  leader.noteChange(key);
  leader.queue.push(key, tx.writingAt, spec.priority, true);
};

const crashText = (what: string): string =>
  encodeError(withoutStack(new TuttiError('TASK_CRASHED', `The thread or process that ran it ended: ${what}.`)));

/** Of these errors the place in our own code says nothing to the user. */
const withoutStack = (error: Error): Error => {
  error.stack = `${error.name}: ${error.message}`;
  return error;
};

/**
 * An executor thread ended. `guilty` is the attempt that ended it, where that is known; else whichever ran alone (it ended
 * a thread before), else all that had begun and were not waiting for a step.
 */
export const executorLost = (
  leader: TaskLeader,
  tx: TaskTransaction,
  executor: number,
  guilty: { readonly epoch: number; readonly n: number } | undefined,
  loss: Loss,
): void => {
  for (const live of leader.live.values())
    if (live.twin?.executor === executor) dropCopy(leader, tx, live, live.twin.n);
  const held = [...leader.live.values()].filter((live) => live.executor === executor);
  const known = guilty === undefined ? undefined : leader.attempt(guilty.epoch, guilty.n);
  let suspects: Live[];
  if (known !== undefined) suspects = [known];
  else if (guilty !== undefined) suspects = [];
  else {
    const begun = held.filter((live) => live.started && (live.pending === undefined || live.pending.size === 0));
    const alone = begun.filter((live) => live.solo).sort((a, b) => b.n - a.n);
    suspects = alone.length > 0 ? alone.slice(0, 1) : begun;
  }
  const blamed: Loss = loss.kind === 'crashed' ? { ...loss, certain: suspects.length === 1 } : loss;
  for (const live of held) attemptLost(leader, tx, live.key, suspects.includes(live) ? blamed : { kind: 'returned' });
  tellChanges(leader, tx);
};
