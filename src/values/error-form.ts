/**
 * Errors as values: name, message, stack, cause, the errors of an AggregateError, own fields; a TuttiError as itself.
 *
 * E1  An error can always be told: what of it cannot be stored is left out, never refused.
 * E2  It is bounded: one error's message and stack, causes below causes, the number of errors in one encoding, and what
 *     the fields of all of them take together.
 * E3  A TuttiError means what its form says, and where that says nothing, what is known of its code. So an error of a newer
 *     version means here what it meant there, and the form of one whose code says enough is what it always was.
 */

import { finalErrorBrand } from '../errors/brands.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { type Meaning, meaningOf } from '../errors/meaning.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import * as valueLimits from '../value-limits.ts';
import { type DecodingWalk, type EncodingWalk, notDecodable } from './kind.ts';
import { isRecord, setOwn } from './own-property.ts';

/** Set by the form itself; everything else an error owns is a field. */
const formKeys = new Set(['name', 'message', 'stack', 'cause', 'errors']);
/** A TuttiError has these too, from its code. */
const tuttiKeys = new Set([...formKeys, 'code', 'outcome', 'retry', 'details']);

export const isError = (value: unknown): value is Error =>
  value instanceof Error ||
  (typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Error]');

/** What stands under `$error`. */
export const encodeErrorForm = (error: Error, walk: EncodingWalk, depth: number): Record<string, unknown> => {
  const outermost = walk.errorsOpen.length === 0;
  if (outermost) walk.errorsLeft = valueLimits.errorsMax;
  const open = walk.errorsOpen;
  // A part of another error, which is left out (E1).
  if (open.includes(error) || open.length > valueLimits.errorNestingMax || walk.errorsLeft-- <= 0)
    throw walk.unsupported('one error too many');
  const charsBefore = walk.charsLeft;
  if (outermost) walk.charsLeft = Math.min(charsBefore, valueLimits.errorsCharsMax);
  const charsAllowed = walk.charsLeft;
  walk.errorsOpen.push(error);
  try {
    return formOf(error, walk, depth);
  } finally {
    walk.errorsOpen.pop();
    walk.charsLeft = charsBefore - (charsAllowed - walk.charsLeft);
  }
};

const formOf = (error: Error, walk: EncodingWalk, depth: number): Record<string, unknown> => {
  const form: Record<string, unknown> = {
    name: textOf(read(error, 'name'), 'Error', valueLimits.errorMessageCharsMax),
    message: textOf(read(error, 'message'), '', valueLimits.errorMessageCharsMax),
  };
  const stack = textOf(read(error, 'stack'), '', valueLimits.errorStackCharsMax);
  if (stack !== '') form['stack'] = stack;
  walk.charsLeft -= stack.length;
  if (read(error, finalErrorBrand) === true) form['final'] = true;

  const tutti = isTuttiError(error);
  if (tutti) {
    form['code'] = error.code;
    const { outcome, retry } = error;
    const known = meaningOf(error.code);
    if (outcome !== known.outcome || retry !== known.retry) Object.assign(form, { outcome, retry });
    form['details'] = partOf(error.details, '.details', walk, depth);
  }
  const cause = read(error, 'cause');
  if (cause !== undefined) form['cause'] = partOf(cause, '.cause', walk, depth);
  const errors = read(error, 'errors');
  if (Array.isArray(errors)) form['errors'] = formsOf(errors, walk, depth);
  const fields = fieldsOf(error, tutti ? tuttiKeys : formKeys, walk, depth);
  if (Object.keys(fields).length > 0) form['fields'] = fields;
  return form;
};

/** The errors of an AggregateError. */
const formsOf = (errors: readonly unknown[], walk: EncodingWalk, depth: number): unknown[] =>
  errors.map((item, index) => partOf(item, `.errors[${index}]`, walk, depth)).filter((form) => form !== undefined);

const fieldsOf = (
  error: Error,
  without: ReadonlySet<string>,
  walk: EncodingWalk,
  depth: number,
): Record<string, unknown> => {
  const fields: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (without.has(key)) continue;
    const form = partOf(read(error, key), `.${key}`, walk, depth);
    if (form !== undefined) setOwn(fields, key, form);
  }
  return fields;
};

/**
 * The form of a part, undefined where it cannot be stored. An eighth of the room is kept from each part, so that a
 * huge one does not crowd out the others; what a refused one took is not given back, so that the work is bounded too.
 */
const partOf = (value: unknown, piece: string, walk: EncodingWalk, depth: number): unknown => {
  const reserve = Math.ceil(walk.charsLeft / 8);
  walk.charsLeft -= reserve;
  try {
    const form = walk.formOfPart(value, piece, depth);
    return walk.charsLeft < 0 ? undefined : form;
  } catch {
    return undefined;
  } finally {
    walk.charsLeft = Math.max(0, walk.charsLeft) + reserve;
  }
};

/** A property of an error, whose getters may throw (`stack` runs user code where `Error.prepareStackTrace` is set). */
const read = (error: Error, key: string | symbol): unknown => {
  try {
    return Reflect.get(error, key);
  } catch {
    return undefined;
  }
};

const textOf = (value: unknown, otherwise: string, charsMax: number): string => {
  if (typeof value !== 'string') return otherwise;
  return value.length <= charsMax ? value : `${value.slice(0, charsMax)}…`;
};

/** The error that stands under `$error`. */
export const decodeErrorForm = (payload: unknown, walk: DecodingWalk, depth: number): Error | typeof notDecodable => {
  if (!isRecord(payload)) return notDecodable;
  const { name, message, stack, code, outcome, retry } = payload;
  if (typeof name !== 'string' || typeof message !== 'string') return notDecodable;
  if (stack !== undefined && typeof stack !== 'string') return notDecodable;
  const part = (key: string): unknown => walk.revivePart(payload[key], `.${key}`, depth);

  const details = part('details') ?? {};
  const { fields = {}, errors = [] } = payload;
  if (!isRecord(details) || !isRecord(fields) || !Array.isArray(errors)) return notDecodable;

  const meaning = typeof outcome === 'string' && typeof retry === 'string' ? { outcome, retry } : undefined;
  const error =
    typeof code === 'string'
      ? new TuttiError(code as ErrorCode, message, { details, meaning: meaning as Meaning | undefined })
      : makeError(name, message);
  if (error.name !== name) hide(error, 'name', name);
  hide(error, 'stack', stack ?? `${name}: ${message}`);
  if (payload['cause'] !== undefined) hide(error, 'cause', part('cause'));
  if (payload['errors'] !== undefined) {
    const items = errors.map((item: unknown, index) => walk.revivePart(item, `.errors[${index}]`, depth));
    hide(error, 'errors', items);
  }
  if (payload['final'] === true) Object.defineProperty(error, finalErrorBrand, { value: true });
  for (const key of Object.keys(fields)) setOwn(error, key, walk.revivePart(fields[key], `.${key}`, depth));
  return error;
};

/** Classes that every realm has, so that `instanceof` works on what comes back. */
const classes: readonly ErrorConstructor[] = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

const makeError = (name: string, message: string): Error => {
  if (name === 'AggregateError') return new AggregateError([], message);
  const make = classes.find((known) => known.name === name) ?? Error;
  return new make(message);
};

/** Sets a property as Error's own ones are: not listed. */
const hide = (error: Error, key: string, value: unknown): void => {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
};
