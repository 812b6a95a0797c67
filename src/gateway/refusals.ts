/** Refusals for load as they are sent. One must cost less than what it refuses, so a text is written once. */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { encodeError } from '../values/codec.ts';

const overloaded = (why: string, retryMs: number = limits.overloadedRetryMs): TuttiError =>
  new TuttiError('OVERLOADED', `Not taken on: ${why}.`, { details: { retryMs } });

/** Connections end when those who hold them have done, and not from one moment to the next. */
export const tooManyConnections = (why: string): TuttiError => overloaded(why, limits.gatewayConnectionRetryMs);

export const tooFast = encodeError(
  overloaded(`more than ${limits.clientMessagesPerSecond} messages a second on one connection`),
);
export const tooMany = encodeError(overloaded(`${limits.clientRequestsMax} requests of one connection are under way`));
export const tooManyStreams = encodeError(overloaded(`${limits.clientStreamsMax} streams of one connection are open`));

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
