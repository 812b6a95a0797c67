/**
 * Errors as text, for what user code throws: any value may be thrown, and whatever it is, telling it never fails.
 */

import { decodeValue, encodeValue } from './codec.ts';
import { isError } from './error-form.ts';

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
  return isError(value) ? value : wrapped(value);
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
