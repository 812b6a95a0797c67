/**
 * Values as text: every value that crosses a boundary (threads, the log, the store, HTTP, the command line) is this
 * text, made once where the value is made and read once where it is used.
 *
 * V1  The text is JSON. What JSON has is itself; every other kind is an object with one key that begins with `$`
 *     (`kinds.ts` lists them), and an object of the user's that looks like one is wrapped as `{"$object":{…}}`.
 * V2  decodeValue(encodeValue(v)) equals v, for every value that is not refused.
 * V3  What cannot come back as it was is refused with its path, never dropped or changed in silence. (Errors are the
 *     exception: what of their own fields cannot be stored is left out, so that an error can always be told.)
 *
 * Not kept, as in JSON: that two places hold the same object, a null prototype, property attributes, symbol keys, and
 * named properties of arrays, Maps and the like. A getter is read once and comes back as what it gave.
 */

import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import * as valueLimits from '../value-limits.ts';
import { Decoding } from './decoding.ts';
import { Encoding, tooLargeError } from './encoding.ts';
import { isError } from './error-form.ts';

/**
 * The text of a value. `what` names the value in errors. Throws `VALUE_UNSUPPORTED` (with `details.path`) and
 * `VALUE_TOO_LARGE`.
 */
export const encodeValue = (value: unknown, what = 'value'): string => {
  const encoding = new Encoding(what, value);
  let text: string;
  try {
    text = JSON.stringify(encoding.form(value, 0));
  } catch (error) {
    throw isTuttiError(error) ? error : encoding.unreadable(error);
  }
  if (text.length > valueLimits.valueTextCharsMax) throw tooLargeError(what);
  return text;
};

/**
 * The value of a text; of one that was not made here, rather `decodeWritten`. `what` names it in errors. Throws `VALUE_MALFORMED` and
 * `VALUE_TOO_LARGE`.
 */
export const decodeValue = (text: string, what = 'value'): unknown => {
  if (text.length > valueLimits.valueTextCharsMax) throw tooLargeError(what);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new TuttiError('VALUE_MALFORMED', `${what} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!mayHoldTags(text)) return parsed;
  return new Decoding(what).revive(parsed, 0);
};

/** A tag is a key that begins with `$`, which JSON also allows to be written as an escape. */
const mayHoldTags = (text: string): boolean => text.includes('"$') || text.includes('"\\u0024');

/** The text of anything thrown. Never throws; what of it cannot be stored is left out. What is no Error becomes the cause of one. */
export const encodeError = (thrown: unknown): string => {
  try {
    return encodeValue(isError(thrown) ? thrown : wrapped(thrown));
  } catch {
    return '{"$error":{"name":"Error","message":"An error that could not be read was thrown"}}';
  }
};

/** The error of a text that `encodeError` made. Throws `VALUE_MALFORMED` for any other. */
export const decodeError = (text: string): Error => {
  const value = decodeValue(text, 'error');
  if (isError(value)) return value;
  throw new TuttiError('VALUE_MALFORMED', 'error is a value, but no error', { cause: value });
};

const wrapped = (thrown: unknown): Error => {
  const error = new Error(`Something that is no Error was thrown: ${glance(thrown)}`, { cause: thrown });
  error.stack = `${error.name}: ${error.message}`;
  return error;
};

const glance = (value: unknown): string => {
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 200);
  try {
    return encodeValue(value).slice(0, 200);
  } catch {
    return 'an object';
  }
};
