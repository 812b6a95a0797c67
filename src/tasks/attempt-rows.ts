/**
 * What is remembered of attempts that ended: a row each, of the last `limits.attemptsShownMax`. Nothing is written for a task
 * whose first attempt is its last: its row in `done` says it all.
 */
import { limits } from '../limits.ts';
import { decodeError, encodeError } from '../values/codec.ts';
import { type AttemptRow, attemptTable } from './history-tables.ts';
import type { Live, TaskTransaction } from './leader.ts';
import { grantKind } from './messages.ts';
import { type DoneRow, rowKey, type SpecRow, type StateRow, taskStatus } from './tables.ts';

const errorTextCharsMax = 16 * 1024;
const messageCharsMax = 2_000;
const stackCharsMax = 4_000;

const attemptKey = (key: string, n: number): string => rowKey(key, (n - 1) % limits.attemptsShownMax);

/** Notes that an attempt ended with `text` and did not end its task. Returns the state that says so. */
export const noteEnded = (
  tx: TaskTransaction,
  key: string,
  spec: SpecRow,
  state: StateRow,
  executor: number,
  text: string,
): StateRow => {
  // What becomes of a chunk is its map's affair.
  if (spec.kind !== grantKind.task) return state;
  const n = state.endedAttempts + 1;
  tx.put(attemptTable, attemptKey(key, n), {
    n,
    startedAt: startOfAttempt(state),
    endedAt: tx.time,
    executor,
    text: shortened(text),
  });
  return { ...state, endedAttempts: n, attemptAt: 0 };
};

/** Notes the attempt with which a task ends that had others before. */
export const noteLast = (tx: TaskTransaction, key: string, state: StateRow, executor: number): void => {
  const n = state.endedAttempts + 1;
  tx.put(attemptTable, attemptKey(key, n), {
    n,
    startedAt: startOfAttempt(state),
    endedAt: tx.time,
    executor,
    text: '',
  });
};

/** A task is to run again after its end: its last attempt keeps the error. Returns how many attempts it has had. */
export const noteRetried = (tx: TaskTransaction, key: string, done: DoneRow): number => {
  const last = attemptRows(tx, key).at(-1) ?? {
    n: 1,
    startedAt: done.startedAt,
    endedAt: done.finishedAt,
    executor: -1,
    text: '',
  };
  if (last.text === '') tx.put(attemptTable, attemptKey(key, last.n), { ...last, text: shortened(done.text) });
  return last.n;
};

/** Whether an attempt of the task is under way: it runs, is parked, or waits to go on after that. */
export const hasAttempt = ({ status }: StateRow, live: Live | undefined): boolean =>
  status === taskStatus.running || status === taskStatus.waiting || live?.queued === true;

/** When the attempt began that runs or is parked; 0: not known. */
export const startOfAttempt = ({ endedAttempts, attemptAt, startedAt }: StateRow): number =>
  endedAttempts === 0 ? startedAt : attemptAt;

/** The attempts that are remembered, in their order. */
export const attemptRows = (tx: TaskTransaction, key: string): AttemptRow[] => {
  const rows: AttemptRow[] = [];
  for (let at = 0; at < limits.attemptsShownMax; at++) {
    const row = tx.get(attemptTable, rowKey(key, at));
    if (row === undefined) break;
    rows.push(row);
  }
  return rows.sort((a, b) => a.n - b.n);
};

export const dropAttempts = (tx: TaskTransaction, key: string): void => {
  for (let at = 0; at < limits.attemptsShownMax; at++) {
    if (tx.get(attemptTable, rowKey(key, at)) === undefined) break;
    tx.delete(attemptTable, rowKey(key, at));
  }
};

/** An error's text, without what makes it long. */
const shortened = (text: string): string => {
  if (text.length <= errorTextCharsMax) return text;
  const { name, message, stack } = decodeError(text);
  const short = new Error(message.slice(0, messageCharsMax));
  short.name = name;
  short.stack = (stack ?? '').slice(0, stackCharsMax);
  return encodeError(short);
};
