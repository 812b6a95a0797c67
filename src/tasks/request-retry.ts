/** Running a task again that ended without a result. */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { encodeValue } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { notFound, refuse, reply } from './answers.ts';
import { noteRetried } from './attempt-rows.ts';
import { dropSteps } from './journal-rows.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { entryState } from './messages.ts';
import {
  doneTable,
  rowKey,
  type StepRow,
  specTable,
  stateTable,
  stepKind,
  stepTable,
  taskStatus,
  watcherTable,
} from './tables.ts';
import { aliveState } from './task-rows.ts';

/**
 * A failed or cancelled task runs again, with all its attempts. Of its journal stays what was recorded before the first
 * failed step: that much is certain to fit what the code does next. Children that failed, or were cancelled with it, are
 * started again.
 *
 * The task remembers the newest requests that did that to it: a repeat of one of them is answered as it was, and changes nothing.
 */
export const requestRetry = (
  leader: TaskLeader,
  tx: TaskTransaction,
  from: Waiter,
  id: string,
  requestId: string | undefined,
): void => {
  if (requestId !== undefined && (requestId === '' || requestId.length > limits.idempotencyKeyBytesMax)) {
    const message = `The id of a request has 1 to ${limits.idempotencyKeyBytesMax} characters.`;
    refuse(tx, from, new TuttiError('OPTION_INVALID', message, { details: { option: 'requestId' } }));
    return;
  }
  const key = taskKey(id);
  const done = tx.get(doneTable, key);
  const retries = (done ?? tx.get(stateTable, key))?.retries ?? [];
  if (requestId !== undefined && retries.includes(requestId)) {
    reply(tx, from, 1, encodeValue(undefined));
    return;
  }
  if (done === undefined || done.status === taskStatus.completed) {
    if (done === undefined && aliveState(tx, key) === undefined) refuse(tx, from, notFound(id));
    else
      refuse(
        tx,
        from,
        new TuttiError(
          'TASK_STATE',
          `Task ${id} ${done === undefined ? 'has not ended' : 'has completed'}; only a failed or cancelled task can be retried.`,
          { details: { id, state: done === undefined ? 'alive' : 'completed' } },
        ),
      );
    return;
  }
  keepGoodSteps(tx, key);
  const endedAttempts = done.startedAt === 0 ? 0 : noteRetried(tx, key, done);
  tx.delete(doneTable, key);
  tx.put(specTable, key, done.spec);
  let watchers = 0;
  while (tx.get(watcherTable, rowKey(key, watchers)) !== undefined) watchers++;
  // n is not 0, so that the journal is read at the grant and the grant passes the gate.
  tx.put(stateTable, key, {
    status: taskStatus.queued,
    tries: 0,
    crashes: 0,
    epoch: 0,
    n: -1,
    dueAt: 0,
    startedAt: done.startedAt,
    watchers,
    endedAttempts,
    attemptAt: 0,
    retries: requestId === undefined ? done.retries : [...retries, requestId].slice(-limits.retriesRemembered),
  });
  leader.alive++;
  leader.counters.of(done.spec.name).alive++;
  leader.finishedStale++;
  leader.queue.push(key, tx.writingAt, done.spec.priority, false);
  reply(tx, from, 1, encodeValue(undefined));
};

const keepGoodSteps = (tx: TaskTransaction, key: string): void => {
  const steps: (readonly [index: number, step: StepRow])[] = [];
  for (
    let step = tx.get(stepTable, rowKey(key, 0));
    step !== undefined;
    step = tx.get(stepTable, rowKey(key, steps.length))
  )
    steps.push([steps.length, step]);
  const failures = steps.filter(([, step]) => step.state === entryState.failed).map(([, step]) => step.order);
  const firstFailure = Math.min(...failures, Number.POSITIVE_INFINITY);
  // Rows keep their index only as a prefix; what comes after the first one that goes is done again.
  const keep = steps.findIndex(
    ([, step]) =>
      step.order === 0 ||
      step.order >= firstFailure ||
      (step.kind === stepKind.start && step.outcome !== entryState.ok),
  );
  if (keep < 0) return;
  dropSteps(tx, key, keep);
  for (const [index, step] of steps.slice(0, keep)) {
    let { joins } = step;
    while (joins > keep) joins = steps[joins - 1]?.[1].joins ?? 0;
    if (joins !== step.joins) tx.put(stepTable, rowKey(key, index), { ...step, joins });
  }
};
