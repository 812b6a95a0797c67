/**
 * Grants: how a task comes to an executor, and what happens when an attempt ends without finishing the task. A grant is
 * noted in the log without waiting for it, so that crashes are counted (scenario T3): it leaves at once, since the task it
 * is about is durable (the queue gives out nothing else).
 */
import { decodePolicy } from '../app/policy.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { encodeError } from '../values/codec.ts';
import { taskIdOfKey } from '../values/task-id.ts';
import { finishTask } from './finish.ts';
import type { Live, TaskLeader, TaskTransaction } from './leader.ts';
import { resendChunks } from './map.ts';
import { entryState, type Flat, toExecutor } from './messages.ts';
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

/** Gives up to `count` tasks to an executor. Returns how many it gave. */
export const grantTasks = (
  leader: TaskLeader,
  tx: TaskTransaction,
  acknowledged: number,
  executor: number,
  count: number,
): number => {
  let given = 0;
  while (given < count) {
    const key = leader.queue.take(acknowledged);
    if (key === undefined) break;
    const state = tx.get(stateTable, key);
    // Cancelled meanwhile, or queued twice.
    if (state === undefined || state.status !== taskStatus.queued) continue;
    grant(leader, tx, executor, key, state);
    given++;
  }
  return given;
};

const grant = (leader: TaskLeader, tx: TaskTransaction, executor: number, key: string, state: StateRow): void => {
  const spec = tx.get(specTable, key) as SpecRow;
  const before = leader.live.get(key);
  if (before !== undefined) leader.forget(before);
  const n = leader.nextN++;
  tx.put(stateTable, key, {
    ...state,
    status: taskStatus.running,
    epoch: leader.epoch,
    n,
    startedAt: state.startedAt === 0 ? tx.time : state.startedAt,
  });
  const live: Live = {
    key,
    id: taskIdOfKey(key),
    name: spec.name,
    kind: spec.kind,
    policy: spec.policy,
    tries: state.tries,
    solo: state.crashes > 0,
    n,
    epoch: leader.epoch,
    executor,
    started: false,
    steps: 0,
    logs: 0,
    results: 0,
    pending: undefined,
    maps: undefined,
    queued: false,
  };
  leader.live.set(key, live);
  leader.byAttempt.set(n, live);
  const steps = state.n !== 0 ? loadSteps(leader, tx, live, true) : undefined;
  const timeoutMs = spec.policy === undefined ? 0 : decodePolicy(spec.policy).timeoutMs;
  tx.emitSettled({
    kind: 'executor',
    executor,
    flat: [
      toExecutor.grant,
      leader.settings.partition,
      live.epoch,
      n,
      live.id,
      spec.kind,
      spec.name,
      spec.input,
      state.tries,
      live.solo ? 1 : 0,
      tx.time,
      live.logs,
      timeoutMs,
      spec.policy,
      steps === undefined ? undefined : journalOf(steps),
    ],
  });
  if (steps === undefined) return;
  for (const [index, step] of steps.entries())
    if (step.kind === stepKind.map) resendChunks(leader, tx, live, index, step.stepKey);
};

/** Reads the journal rows of a task into its entry; with `timers`, sleeps that are not over are timed again. */
export const loadSteps = (leader: TaskLeader, tx: TaskTransaction, live: Live, timers: boolean): StepRow[] => {
  const steps: StepRow[] = [];
  for (
    let step = tx.get(stepTable, rowKey(live.key, 0));
    step !== undefined;
    step = tx.get(stepTable, rowKey(live.key, steps.length))
  ) {
    if (step.order === 0) {
      live.pending ??= new Map();
      live.pending.set(step.stepKey, steps.length);
      if (timers && step.kind === stepKind.sleep)
        leader.timers.push({ dueAt: step.dueAt, taskKey: live.key, step: steps.length });
    }
    steps.push(step);
  }
  live.steps = steps.length;
  while (tx.get(logTable, rowKey(live.key, live.logs)) !== undefined) live.logs++;
  return steps;
};

/** Results first, in the order in which they were recorded; then what is pending. */
const journalOf = (steps: readonly StepRow[]): Flat | undefined => {
  if (steps.length === 0) return undefined;
  const recorded = steps.filter((step) => step.order !== 0).sort((a, b) => a.order - b.order);
  const journal: Flat = [];
  for (const step of recorded) journal.push(step.stepKey, step.fingerprint, step.state, step.text, step.time);
  for (const step of steps)
    if (step.order === 0) journal.push(step.stepKey, step.fingerprint, entryState.pending, '', step.time);
  return journal;
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
  const policy = live.policy === undefined ? undefined : decodePolicy(live.policy);
  if (!retryable || tries >= (policy?.attempts ?? limits.attemptsDefault)) {
    finishTask(leader, tx, live.key, state, { status: taskStatus.failed, text, tries, runMs });
    return;
  }
  const dueAt = tx.time + backoffMs(tries, policy, leader.settings.random());
  leader.forget(live);
  tx.put(stateTable, live.key, { ...state, status: taskStatus.scheduled, tries, dueAt });
  leader.timers.push({ dueAt, taskKey: live.key, step: -1 });
};

/** Exponential backoff with full jitter: uniform in (0, first × factor^(tries − 1)], at most `max`; at least 1 ms. */
export const backoffMs = (
  tries: number,
  policy:
    | { readonly backoffFirstMs: number; readonly backoffFactor: number; readonly backoffMaxMs: number }
    | undefined,
  fraction: number,
): number => {
  const first = policy?.backoffFirstMs ?? limits.backoffFirstMs;
  const factor = policy?.backoffFactor ?? limits.backoffFactor;
  const max = policy?.backoffMaxMs ?? limits.backoffMaxMs;
  let ceiling = first;
  for (let n = 1; n < tries && ceiling < max; n++) ceiling *= factor;
  return Math.max(1, Math.round(Math.min(ceiling, max) * (1 - fraction)));
};

/** Why an attempt is over without a report. */
export type Loss =
  /** It never began, or was given back: no blame. */
  | { readonly kind: 'returned' }
  /** It ended its thread or process. */
  | { readonly kind: 'crashed'; readonly what: string }
  /** The thread was ended because of its timeout. */
  | { readonly kind: 'timeout'; readonly timeoutMs: number };

/** An attempt is over without a report. The task is queued again, unless it did this too often. */
export const attemptLost = (leader: TaskLeader, tx: TaskTransaction, key: string, loss: Loss): void => {
  const state = tx.get(stateTable, key) as StateRow;
  const spec = tx.get(specTable, key) as SpecRow;
  const live = leader.live.get(key);
  const id = taskIdOfKey(key);
  if (loss.kind === 'timeout' && live !== undefined) {
    const error = withoutStack(
      new TuttiError(
        'TASK_TIMEOUT',
        `Task ${id} (${spec.name}) ran longer than its timeout of ${loss.timeoutMs} ms and did not stop, so its thread was ended.`,
        { details: { id, timeoutMs: loss.timeoutMs } },
      ),
    );
    attemptFailed(leader, tx, live, encodeError(error), true, loss.timeoutMs);
    return;
  }
  const crashes = loss.kind === 'crashed' ? state.crashes + 1 : state.crashes;
  const attempts = spec.policy === undefined ? limits.attemptsDefault : decodePolicy(spec.policy).attempts;
  if (loss.kind === 'crashed' && crashes >= attempts) {
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
    return;
  }
  if (live !== undefined) leader.forget(live);
  tx.put(stateTable, key, { ...state, status: taskStatus.queued, crashes });
  leader.queue.push(key, tx.writingAt, spec.priority, true);
};

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
  for (const live of held) attemptLost(leader, tx, live.key, suspects.includes(live) ? loss : { kind: 'returned' });
};
