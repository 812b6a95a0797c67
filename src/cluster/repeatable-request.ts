/**
 * What it takes to ask for the same thing again, op by op: so that it has its effect once, and whoever asked sees one answer and
 * each log line once, however often it was asked and of whom.
 *
 * - `start`: safe under its id; whoever takes it must know that it may have been sent before (`repeatable`).
 * - `retry`: safe under a request id; one that has none is given one.
 * - `cancel`: the task may have ended meanwhile; that is then no refusal.
 * - `follow`: begins with what is recorded, so it goes on behind the last log line that was passed on.
 * - all others read.
 */
import { isTuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { type Flat, fromClient } from '../tasks/messages.ts';
import { decodeError } from '../values/codec.ts';

/** Makes a request of a client such that it can be sent again; `name` gives one that no other of any node has. */
export const makeRepeatable = (message: Flat, name: () => string): void => {
  if (message[0] === fromClient.retry) message[3] ??= name();
};

/** It may be one of several copies. */
export const markRepeated = (message: Flat): void => {
  if (message[0] === fromClient.start) message[9] = 1;
};

/** What to tell a leader that has it and need not answer; undefined: it answers in a moment anyway. */
export const giveUpOf = (message: Flat): Flat | undefined => {
  const [op, ticket, id] = message;
  if (op === fromClient.start)
    return message[8] === 1 ? [fromClient.giveUp, ticket, id, message[3], message[6]] : undefined;
  return op === fromClient.wait || op === fromClient.follow || op === fromClient.canary
    ? [fromClient.giveUp, ticket, id, undefined, undefined]
    : undefined;
};

/**
 * What the refusal of a repeat means: `done`: what was asked for holds; a number: nothing yet, ask again after so many
 * milliseconds, as an earlier copy may have been taken and "rejected" would be untrue; undefined: what it says.
 */
export const meaningOfRefusal = (message: Flat, error: string): 'done' | number | undefined => {
  const [op] = message;
  if (op !== fromClient.start && op !== fromClient.cancel) return undefined;
  const refusal = decodeError(error);
  if (!isTuttiError(refusal)) return undefined;
  if (op === fromClient.cancel) return refusal.code === 'TASK_STATE' ? 'done' : undefined;
  return refusal.code === 'OVERLOADED' || refusal.code === 'DISK_FULL'
    ? Number(refusal.details.retryMs ?? limits.overloadedRetryMs)
    : undefined;
};

const logBegin = '{"type":"log","index":';
const stateBegin = '{"type":"state"';
const finishedBegin = '{"type":"finished"';

/**
 * An event of a follow is about to be passed on. `message` then asks for what comes after it. `repeated`: whoever asked knows
 * that already (`state`: the state it was told last); `last`: nothing comes after it.
 */
export const noteEvent = (message: Flat, text: string, state: string): 'repeated' | 'state' | 'last' | undefined => {
  if (text.startsWith(logBegin)) {
    message[3] = Number.parseInt(text.slice(logBegin.length, logBegin.length + indexDigitsMax), 10) + 1;
    return undefined;
  }
  if (text.startsWith(stateBegin)) return text === state ? 'repeated' : 'state';
  return text.startsWith(finishedBegin) ? 'last' : undefined;
};

/** Of 2^31, and what follows them. */
const indexDigitsMax = 11;
