/**
 * What a task says about itself: log lines (each recorded once) and progress (the newest counts, and nothing waits for it).
 */

import { isTuttiError, TuttiError } from '../../errors/tutti-error.ts';
import { fromExecutor } from '../../tasks/messages.ts';
import { encodeValue } from '../../values/codec.ts';
import type { Attempt } from './attempt.ts';
import type { Host } from './host.ts';

/** Progress is sent at most this often. */
const progressEveryMs = 100;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes a line. Lines are known by their number: those that the leader has are not sent again on replay. */
export const writeLine = (host: Host, attempt: Attempt, level: LogLevel, message: unknown, fields: unknown): void => {
  if (attempt.ended) return;
  const index = attempt.linesWritten++;
  if (index < attempt.linesRecorded) return;
  host.send(attempt, fromExecutor.log, index, level, lineText(String(message), fields));
};

/** A line is never a reason to fail: what cannot be stored is told in words. */
const lineText = (message: string, fields: unknown): string => {
  try {
    return encodeValue(fields === undefined ? { message } : { message, fields }, 'line');
  } catch (error) {
    if (!isTuttiError(error)) throw error;
    return encodeValue({ message: message.slice(0, 10_000), unstored: error.message });
  }
};

/** Tells how far the attempt is. */
export const tellProgress = (host: Host, attempt: Attempt, done: unknown, total: unknown, message: unknown): void => {
  if (attempt.ended) return;
  checkCount(done, 'done');
  if (total !== undefined) checkCount(total, 'total');
  const text = message === undefined ? undefined : String(message).slice(0, 1_000);
  attempt.progressPending = [done as number, (total ?? -1) as number, text];
  if (attempt.progressTimer) return;
  const waitMs = attempt.progressSentMs + progressEveryMs - host.env.clock.monotonic();
  // While a replay catches up, its old values are not worth telling.
  if (waitMs <= 0 && attempt.journal?.replaying !== true) {
    sendProgress(host, attempt);
    return;
  }
  attempt.progressTimer = true;
  const forget = attempt.onEnd(
    host.env.timers.after(Math.max(waitMs, 1), () => {
      forget();
      attempt.progressTimer = false;
      sendProgress(host, attempt);
    }),
  );
};

/** Sends the newest progress, if it has not been sent. */
export const sendProgress = (host: Host, attempt: Attempt): void => {
  const pending = attempt.progressPending;
  if (pending === undefined) return;
  attempt.progressPending = undefined;
  attempt.progressSentMs = host.env.clock.monotonic();
  host.send(attempt, fromExecutor.progress, ...pending);
};

const checkCount = (value: unknown, what: string): void => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return;
  throw new TuttiError('OPTION_INVALID', `ctx.progress: ${what} (${String(value)}) is not a number from 0`, {
    details: { option: what },
  });
};
