/**
 * Values that people and other programs write as text: a body, an argument, a file, a field of a form. They are read as
 * `decodeValue` reads them; what is wrong is told with what helps to mend it: where the text stops being JSON, and what
 * belongs under a tag. Apart from the codec, so that a page is not sent it.
 */

import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { decodeValue } from './codec.ts';
import { jsonErrorPosition } from './json-position.ts';

/** The value of a text that was written. `what` names it in errors. Throws `VALUE_MALFORMED` and `VALUE_TOO_LARGE`. */
export const decodeWritten = (text: string, what = 'value'): unknown => {
  try {
    return decodeValue(text, what);
  } catch (error) {
    throw isTuttiError(error) && error.code === 'VALUE_MALFORMED' ? explained(error, text, what) : error;
  }
};

const explained = (error: TuttiError, text: string, what: string): TuttiError => {
  const { path, tag } = error.details;
  if (path === undefined) return malformedText(error.cause, text, what);
  const hint = typeof tag === 'string' ? hintOf(tag) : '';
  return new TuttiError('VALUE_MALFORMED', `${error.message}${hint}`, { details: error.details });
};

const malformedText = (cause: unknown, text: string, what: string): TuttiError => {
  const position = jsonErrorPosition(text);
  const near = text.slice(Math.max(0, position - 10), position + 20);
  const where =
    position >= text.length ? 'it ends too early' : `at character ${position}, near ${JSON.stringify(near)}`;
  return new TuttiError('VALUE_MALFORMED', `${what} is not JSON: ${where}`, { details: { position }, cause });
};

const hintOf = (tag: string): string => {
  const payload = payloads.get(tag);
  return payload === undefined
    ? ' (write {"$object":{…}} around an object with one key that begins with $)'
    : `: ${payload}`;
};

/** What stands under each tag. */
export const payloads: ReadonlyMap<string, string> = new Map([
  ['$date', 'an ISO date, with time and zone or without both: "2026-11-01T12:00:00.000Z"'],
  ['$bytes', 'base64, or an array of class and base64'],
  ['$map', 'an array of pairs'],
  ['$set', 'an array'],
  ['$error', 'an object with name and message'],
  ['$regexp', 'an array of source and flags'],
  ['$url', 'an absolute URL'],
  ['$bigint', 'a string of decimal digits'],
  ['$number', '"NaN", "Infinity", "-Infinity" or "-0"'],
  ['$undefined', 'true'],
]);
