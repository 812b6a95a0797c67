/** Refusals for load as they are sent. One must cost less than what it refuses, so a text is written once. */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { encodeError } from '../values/codec.ts';

const overloaded = (why: string): string =>
  encodeError(
    new TuttiError('OVERLOADED', `Not taken on: ${why}.`, { details: { retryMs: limits.overloadedRetryMs } }),
  );

export const tooFast = overloaded(`more than ${limits.clientMessagesPerSecond} messages a second on one connection`);
export const tooMany = overloaded(`${limits.clientRequestsMax} requests of one connection are under way`);
export const tooManyStreams = overloaded(`${limits.clientStreamsMax} streams of one connection are open`);

const texts = new WeakMap<Error, string>();

/** The text of an error that may be given to many, as `encodeError` makes it. */
export const refusalText = (error: Error): string => {
  let text = texts.get(error);
  if (text === undefined) {
    text = encodeError(error);
    texts.set(error, text);
  }
  return text;
};
