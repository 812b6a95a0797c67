/**
 * The text of a chunk: of its items on their way out, and of its outcomes on their way back. A JSON array with one element
 * an item: an encoded value, or `{"$failed":<encoded error>}`. No encoded value looks like that (an object of the user's
 * whose only key begins with `$` is wrapped by the codec), so nothing has to be escaped.
 *
 * An array of values without failures is itself the encoded text of an array, and is made and read in one go.
 */

import { isTuttiError } from '../../errors/tutti-error.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from '../../values/codec.ts';

/** Stands in a list of outcomes for an item that failed. */
export class ItemFailure {
  readonly errorText: string;

  constructor(errorText: string) {
    this.errorText = errorText;
  }

  get error(): Error {
    return decodeError(this.errorText);
  }
}

/** What `items` (values and failures) are as text. What cannot be encoded becomes a failure. `nameOf` names an item in errors. */
export const encodeOutcomes = (
  items: readonly unknown[],
  holdsFailures: boolean,
  nameOf: (at: number) => string,
): string => {
  if (!holdsFailures) {
    try {
      return encodeValue(items, 'items');
    } catch (error) {
      // One by one: which of them it was, and whether each alone is within the bounds.
      if (!isTuttiError(error)) throw error;
    }
  }
  return `[${items.map((item, at) => encodeOutcome(item, nameOf(at))).join(',')}]`;
};

/** One element. */
export const encodeOutcome = (item: unknown, name: string): string => {
  if (item instanceof ItemFailure) return failedText(item.errorText);
  try {
    return encodeValue(item, name);
  } catch (error) {
    return failedText(encodeError(error));
  }
};

const failedText = (errorText: string): string => `{"$failed":${errorText}}`;

/** The values and failures of a text. */
export const decodeOutcomes = (text: string): unknown[] => {
  if (!mayHoldFailures(text)) {
    try {
      return decodeValue(text, 'items') as unknown[];
    } catch (error) {
      // An element may be as deep as a value may be; inside an array it is one deeper.
      if (!isTuttiError(error)) throw error;
    }
  }
  return (JSON.parse(text) as unknown[]).map((form) => {
    const errorForm = failedForm(form);
    return errorForm === undefined ? decodeValue(JSON.stringify(form)) : new ItemFailure(JSON.stringify(errorForm));
  });
};

const failedForm = (form: unknown): unknown => {
  if (typeof form !== 'object' || form === null) return undefined;
  const keys = Object.keys(form);
  return keys.length === 1 && keys[0] === '$failed' ? (form as { $failed: unknown }).$failed : undefined;
};

/** Whether a text holds failures (or, rarely, something of the user's that looks like one). */
const mayHoldFailures = (text: string): boolean => text.includes('"$failed"');
