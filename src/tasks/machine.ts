/**
 * The tasks of one partition as a state machine: messages in, rows and messages out. Every function here runs inside a step
 * of the partition (`transact`), so that what it changes is one record, and what it says waits for that record.
 */

import { TuttiError } from '../errors/tutti-error.ts';
import type { MessageBody, PeerMessage } from '../partition/outbox.ts';
import { receivePeerMessage } from '../partition/outbox.ts';
import { decodeError, encodeValue } from '../values/codec.ts';
import { settleStep, takeChildOutcome } from './child-outcome.ts';
import { dropCopy, keepOnly } from './copies.ts';
import { cancelChild, finishTask, tellWatcher } from './finish.ts';
import { tellLine, tellProgress } from './followers.ts';
import { attemptFailed, attemptLost } from './grant.ts';
import type { Live, TaskLeader, TaskTransaction } from './leader.ts';
import { refuseMap, reportMapChunk, reportMapOpen } from './map.ts';
import { type Flat, fromExecutor, fromExecutorArity, grantKind } from './messages.ts';
import {
  fireSleep,
  reportChild,
  reportJoin,
  reportRun,
  reportSleep,
  resumeIfParked,
  startChildHere,
  takeStarted,
  tellRecorded,
} from './steps.ts';
import { hurryChunks, hurryHere, queueCopy } from './stragglers.ts';
import { logTable, rowKey, type SpecRow, type StateRow, specTable, stateTable, taskStatus } from './tables.ts';
import { tooLarge } from './text-size.ts';
import type { Timer } from './timer-heap.ts';
import { timerOfTask } from './timers.ts';

/** Takes one message of an executor, beginning at `at` in its flat array. `want` is the host's business, not a partition's. */
export const takeExecutorMessage = (leader: TaskLeader, tx: TaskTransaction, flat: Flat, at: number): void => {
  const live = leader.attempt(flat[at + 2] as number, flat[at + 3] as number);
  // Whatever an attempt that is over still reports changes nothing.
  if (live === undefined) return;
  const text = (field: number): string => flat[at + field] as string;
  const number = (field: number): number => flat[at + field] as number;
  const optional = (field: number): string | undefined => flat[at + field] as string | undefined;
  if (live.twin !== undefined && decides(flat[at])) keepOnly(leader, tx, live, number(3));
  switch (flat[at]) {
    case fromExecutor.done:
      takeDone(leader, tx, live, text(4), number(5));
      break;
    case fromExecutor.stepRun: {
      const refusal = tooLarge(text(7), 'The result of a step');
      const ok = refusal === undefined ? number(6) : 0;
      reportRun(leader, tx, live, text(4), text(5), ok, refusal ?? text(7), number(8));
      break;
    }
    case fromExecutor.failed: {
      const refusal = tooLarge(text(4), 'The error of a task');
      attemptFailed(leader, tx, live, refusal ?? text(4), number(5) === 1, number(6));
      break;
    }
    case fromExecutor.stepSleep:
      reportSleep(leader, tx, live, text(4), text(5), number(6));
      break;
    case fromExecutor.stepCall:
    case fromExecutor.stepStart: {
      const refusal = tooLarge(text(7), 'The input of a task');
      if (refusal !== undefined) reportRun(leader, tx, live, text(4), text(5), 0, refusal, 0);
      else
        reportChild(leader, tx, live, text(4), text(5), {
          detached: flat[at] === fromExecutor.stepStart,
          name: text(6),
          input: text(7),
          policy: optional(8),
          idempotencyKey: optional(9),
        });
      break;
    }
    case fromExecutor.stepJoin:
      reportJoin(leader, tx, live, text(4), text(5), text(6));
      break;
    case fromExecutor.mapOpen:
      reportMapOpen(leader, tx, live, text(4), text(5), {
        name: text(6),
        count: number(7),
        policy: optional(8),
        collect: number(9),
        concurrency: number(10),
      });
      break;
    case fromExecutor.mapChunk: {
      const refusal = tooLarge(text(7), 'The items of a chunk');
      if (refusal === undefined) reportMapChunk(leader, tx, live, text(4), number(5), number(6), text(7));
      else refuseMap(leader, tx, live, text(4), refusal);
      break;
    }
    case fromExecutor.park:
      park(leader, tx, live, number(4));
      break;
    case fromExecutor.log:
      takeLog(leader, tx, live, number(4), text(5), text(6));
      break;
    case fromExecutor.progress:
      leader.progress.set(live.key, { done: number(4), total: number(5), message: optional(6) });
      tellProgress(leader, tx, live.key);
      break;
    case fromExecutor.returned:
      if (live.twin === undefined) attemptLost(leader, tx, live.key, { kind: 'returned' });
      else dropCopy(leader, tx, live, number(3));
      break;
    case fromExecutor.started:
      if (live.twin?.n === number(3)) live.twin.started = true;
      else live.started = true;
      break;
    default:
      throw new TuttiError('INVARIANT', `An executor sent a message with the unknown op ${String(flat[at])}.`);
  }
  settleStep(leader, tx);
};

/** Takes a report that an earlier leader may have taken: nothing is recorded twice. */
export const takeReportAgain = (leader: TaskLeader, tx: TaskTransaction, flat: Flat, at: number): void => {
  const live = leader.attempt(flat[at + 2] as number, flat[at + 3] as number);
  const recorded =
    flat[at] === fromExecutor.stepRun && live !== undefined && tellRecorded(leader, tx, live, flat[at + 4] as string);
  if (!recorded) takeExecutorMessage(leader, tx, flat, at);
};

/** Whether a report makes its attempt the only one of two: it has a result, or something is journaled. */
const decides = (op: unknown): boolean =>
  op !== fromExecutor.started &&
  op !== fromExecutor.returned &&
  op !== fromExecutor.log &&
  op !== fromExecutor.progress;

const takeDone = (leader: TaskLeader, tx: TaskTransaction, live: Live, text: string, runMs: number): void => {
  const refusal = tooLarge(text, 'The result of a task');
  if (refusal !== undefined) {
    attemptFailed(leader, tx, live, refusal, false, runMs);
    return;
  }
  const state = tx.get(stateTable, live.key) as StateRow;
  finishTask(leader, tx, live.key, state, { status: taskStatus.completed, text, tries: live.tries + 1, runMs });
};

/** Fields of the message at `at`, its op included. */
export const executorMessageLength = (flat: Flat, at: number): number =>
  fromExecutorArity[flat[at] as keyof typeof fromExecutorArity] + 1;

/** The task waits and its executor let go of it. */
const park = (leader: TaskLeader, tx: TaskTransaction, live: Live, results: number): void => {
  const state = tx.get(stateTable, live.key) as StateRow;
  tx.put(stateTable, live.key, { ...state, status: taskStatus.waiting });
  leader.byAttempt.delete(live.n);
  leader.endExclusive(live);
  live.executor = -1;
  const asked = [...(live.maps?.values() ?? [])].some((map) => map.row.cursor < map.row.count && map.askedChunks > 0);
  // A result was under way to it, or a request for items, or it waits for nothing: it must come back at once.
  if (results < live.results || live.pending === undefined || live.pending.size === 0 || asked)
    resumeIfParked(leader, tx, live.key);
};

const takeLog = (
  leader: TaskLeader,
  tx: TaskTransaction,
  live: Live,
  index: number,
  level: string,
  text: string,
): void => {
  // A copy of a chunk writes the same lines again.
  if (index < live.logs) return;
  const refusal = tooLarge(text, 'A log line');
  // A line is never a reason to fail, and each has its number: what cannot be recorded is told in words.
  const line = { time: tx.time, level, text: refusal === undefined ? text : leftOut(refusal), tries: live.tries };
  tx.put(logTable, rowKey(live.key, live.logs), line);
  tellLine(leader, tx, live.key, live.logs++, line);
};

const leftOut = (refusal: string): string =>
  encodeValue({ message: `A line was left out: ${(decodeError(refusal) as Error).message}` });

/** Takes a message of another partition (or its acknowledgement). */
export const takePeerMessage = (leader: TaskLeader, tx: TaskTransaction, message: PeerMessage): void => {
  receivePeerMessage(tx, leader.settings.partition, message, (from, body) => takePeerBody(leader, tx, from, body));
  settleStep(leader, tx);
};

const takePeerBody = (leader: TaskLeader, tx: TaskTransaction, from: number, body: MessageBody): void => {
  switch (body[0]) {
    case 'start':
      startChildHere(leader, tx, from, body[1] as string, {
        kind: body[2] as number,
        name: body[3] as string,
        input: body[4] as string,
        policy: (body[5] ?? undefined) as string | undefined,
        idempotencyKey: (body[6] ?? undefined) as string | undefined,
        parentKey: body[7] as string,
        step: body[8] as number,
        chunk: body[9] as number,
        detached: body[10] as number,
      });
      break;
    case 'started':
      takeStarted(leader, tx, body[1] as string, body[2] as number, body[3] as string);
      break;
    case 'finished':
      takeChildOutcome(
        leader,
        tx,
        body[1] as string,
        body[2] as number,
        body[3] as number,
        body[4] as number,
        body[5] as string,
        body[6] as number,
      );
      break;
    case 'hurry':
      hurryHere(leader, tx, body[1] as string, body[2] as number);
      break;
    case 'cancel':
      cancelChild(leader, tx, body[1] as string, body[2] as string);
      break;
    default:
      throw new TuttiError('INVARIANT', `Partition ${from} sent a message of the unknown kind ${String(body[0])}.`);
  }
};

/** Fires timers that are due by record time: at most `most`, and one at most whose text may be large. Returns how many. */
export const fireTimers = (leader: TaskLeader, tx: TaskTransaction, most: number): number => {
  let fired = 0;
  for (let large = false; fired < most && !large; fired++) {
    const timer = leader.timers.take(tx.time);
    if (timer === undefined) break;
    if (timer.step >= 0) fireStep(leader, tx, timer);
    else if (timer.step === timerOfTask.straggler) queueCopy(leader, timer.taskKey);
    else if (timer.step === timerOfTask.scheduled) fireScheduled(leader, tx, timer);
    else {
      tellWatcher(leader, tx, timer.taskKey, timerOfTask.watchers - timer.step);
      large = true;
    }
  }
  settleStep(leader, tx);
  return fired;
};

const fireStep = (leader: TaskLeader, tx: TaskTransaction, { taskKey, step }: Timer): void => {
  if (leader.live.get(taskKey)?.maps?.has(step) === true) hurryChunks(leader, tx, taskKey, step);
  else fireSleep(leader, tx, taskKey, step);
};

const fireScheduled = (leader: TaskLeader, tx: TaskTransaction, timer: Timer): void => {
  const state = tx.get(stateTable, timer.taskKey);
  if (state === undefined || state.status !== taskStatus.scheduled || state.dueAt !== timer.dueAt) return;
  const { priority, kind, name } = tx.get(specTable, timer.taskKey) as SpecRow;
  if (kind === grantKind.task) leader.counters.of(name).scheduled--;
  tx.put(stateTable, timer.taskKey, { ...state, status: taskStatus.queued });
  leader.noteChange(timer.taskKey);
  leader.queue.push(timer.taskKey, tx.writingAt, priority, state.n !== 0);
};
