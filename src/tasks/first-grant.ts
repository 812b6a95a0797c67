/**
 * How a task gets its first attempt. Here too is what every grant consists of: its note in the task's row, its entry in
 * memory, and the message.
 */
import { type Live, liveOf, type TaskLeader, type TaskOutput, type TaskTransaction } from './leader.ts';
import { entryState, type Flat, toExecutor } from './messages.ts';
import { type SpecRow, type StateRow, type StepRow, stateTable, taskStatus } from './tables.ts';
import { inputOf } from './task-rows.ts';

/** Notes the first attempt of a task. What is returned may leave once the task itself is durable. */
export const firstGrant = (
  leader: TaskLeader,
  tx: TaskTransaction,
  executor: number,
  key: string,
  spec: SpecRow,
  state: StateRow,
): TaskOutput => {
  const live = noteGrant(leader, tx, executor, key, spec, state);
  return { kind: 'executor', executor, flat: grantMessage(leader, tx, live, live, spec, state.tries, undefined) };
};

/** Notes an attempt, in the task's row and in memory. Of its journal the entry knows nothing yet. */
export const noteGrant = (
  leader: TaskLeader,
  tx: TaskTransaction,
  executor: number,
  key: string,
  spec: SpecRow,
  state: StateRow,
): Live => {
  const n = leader.nextN++;
  // What the code sees as the time before its first step is the same in every attempt.
  const startedAt = state.startedAt === 0 ? tx.time : state.startedAt;
  const attemptAt = state.endedAttempts > 0 && state.attemptAt === 0 ? tx.time : state.attemptAt;
  tx.put(stateTable, key, { ...state, status: taskStatus.running, epoch: leader.epoch, n, startedAt, attemptAt });
  const live = liveOf(key, spec, state);
  live.n = n;
  live.epoch = leader.epoch;
  live.executor = executor;
  live.grantedAt = tx.time;
  live.startedAt = startedAt;
  leader.enter(live);
  if (state.startedAt === 0) live.counters?.waitTime.add(tx.time - Math.max(spec.createdAt, state.dueAt));
  leader.byAttempt.set(n, live);
  leader.noteChange(key);
  return live;
};

export const grantMessage = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  attempt: { readonly epoch: number; readonly n: number },
  spec: SpecRow,
  tries: number,
  steps: readonly StepRow[] | undefined,
): Flat => [
  toExecutor.grant,
  leader.settings.partition,
  attempt.epoch,
  attempt.n,
  live.id,
  spec.kind,
  spec.name,
  inputOf(tx, live.key, spec),
  tries,
  live.solo ? 1 : 0,
  live.startedAt,
  live.logs,
  leader.policy(spec.policy).timeoutMs,
  spec.policy,
  steps === undefined ? undefined : journalOf(steps),
];

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
