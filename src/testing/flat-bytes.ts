/** Flat arrays as bytes: nothing else crosses a border between threads or machines of a simulated world. */
import { deserialize, serialize } from 'node:v8';
import type { Flat } from '../tasks/messages.ts';

export const toBytes = (flat: Flat): Uint8Array => serialize(flat);

export const fromBytes = (bytes: Uint8Array): Flat => deserialize(bytes) as Flat;

/**
 * A flat array as it arrives in another thread: the same as `fromBytes(toBytes(flat))` at a tenth of the cost. Throws for what no
 * message is made of.
 */
export const copyFlat = (flat: Flat): Flat => flat.map(copyField);

const copyField = (field: unknown): unknown => {
  if (Array.isArray(field)) return copyFlat(field);
  if (field !== undefined && typeof field !== 'string' && typeof field !== 'number')
    throw new Error(
      `A message between threads holds numbers, text, undefined and arrays of these, not ${typeof field}.`,
    );
  return field;
};
