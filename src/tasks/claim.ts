/**
 * What a new leader does before it grants anything: it makes its memory again from the rows. An attempt that was noted and
 * is run by nobody is over; unless its task was waiting for a step, the crash is held against it (scenarios T3, T2).
 */
import { resendMessages } from '../partition/outbox.ts';
import { taskIdOfKey } from '../values/task-id.ts';
import { attemptLost, loadSteps } from './grant.ts';
import type { Live, TaskLeader, TaskTransaction } from './leader.ts';
import { resumeIfParked } from './steps.ts';
import { doneTable, type SpecRow, type StateRow, specTable, stateTable, taskStatus } from './tables.ts';

/** An attempt that an executor says it runs, as the roll call collected it. */
export type Running = { readonly key: string; readonly epoch: number; readonly n: number; readonly executor: number };

/** Begins a leadership: `running` is what all live executors said they run of this partition. */
export const claimTasks = (
  leader: TaskLeader,
  tx: TaskTransaction,
  epoch: number,
  running: readonly Running[],
  previousEnd: string,
): void => {
  leader.epoch = epoch;
  const byKey = new Map(running.map((attempt) => [attempt.key, attempt]));
  for (const [key, state] of tx.scan(stateTable)) {
    leader.alive++;
    switch (state.status) {
      case taskStatus.scheduled:
        leader.timers.push({ dueAt: state.dueAt, taskKey: key, step: -1 });
        break;
      case taskStatus.queued: {
        const spec = tx.get(specTable, key) as SpecRow;
        leader.queue.push(key, 0, spec.priority, state.n > 0);
        break;
      }
      case taskStatus.waiting: {
        const live = parkedEntry(leader, tx, key, state);
        const steps = loadSteps(leader, tx, live, true);
        // Its last step may have been answered in the very record before the end.
        if (steps.every((step) => step.order !== 0)) resumeIfParked(leader, tx, key);
        break;
      }
      default: {
        const attempt = byKey.get(key);
        if (attempt !== undefined && attempt.epoch === state.epoch && attempt.n === state.n) {
          adopt(leader, tx, key, state, attempt);
          break;
        }
        const probe = parkedEntry(leader, tx, key, state);
        loadSteps(leader, tx, probe, false);
        const waited = probe.pending !== undefined && probe.pending.size > 0;
        leader.forget(probe);
        attemptLost(leader, tx, key, waited ? { kind: 'returned' } : { kind: 'crashed', what: previousEnd });
      }
    }
  }
  resendMessages(tx, leader.settings.partition);
};

/** What runs well goes on under its own attempt; nothing is run twice. */
const adopt = (leader: TaskLeader, tx: TaskTransaction, key: string, state: StateRow, attempt: Running): void => {
  const live = parkedEntry(leader, tx, key, state);
  live.executor = attempt.executor;
  live.started = true;
  loadSteps(leader, tx, live, true);
};

const parkedEntry = (leader: TaskLeader, tx: TaskTransaction, key: string, state: StateRow): Live => {
  const spec = tx.get(specTable, key) as SpecRow;
  const live: Live = {
    key,
    id: taskIdOfKey(key),
    name: spec.name,
    kind: spec.kind,
    policy: spec.policy,
    tries: state.tries,
    solo: state.crashes > 0,
    n: state.n,
    epoch: state.epoch,
    executor: -1,
    started: false,
    steps: 0,
    logs: 0,
    results: 0,
    pending: undefined,
    maps: undefined,
    queued: false,
  };
  leader.live.set(key, live);
  return live;
};

/** Collects which finished tasks there are, for retention: from `after` on, at most `most`. Returns where to go on. */
export const collectFinished = (
  leader: TaskLeader,
  tx: TaskTransaction,
  after: string,
  most: number,
): string | undefined => {
  let count = 0;
  let last = after;
  for (const [key, done] of tx.scan(doneTable, after)) {
    if (key === after) continue;
    if (count++ >= most) return last;
    last = key;
    const spec = tx.get(specTable, key);
    (spec?.idempotencyKey === undefined ? leader.finished : leader.finishedWithKey).push({
      key,
      finishedAt: done.finishedAt,
    });
  }
  const byTime = (a: { readonly finishedAt: number }, b: { readonly finishedAt: number }) =>
    a.finishedAt - b.finishedAt;
  leader.finished.sort(byTime);
  leader.finishedWithKey.sort(byTime);
  return undefined;
};
