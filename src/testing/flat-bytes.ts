/** Flat arrays as bytes: nothing else crosses a border between threads or machines of a simulated world. */
import { deserialize, serialize } from 'node:v8';
import type { Flat } from '../tasks/messages.ts';

export const toBytes = (flat: Flat): Uint8Array => serialize(flat);

export const fromBytes = (bytes: Uint8Array): Flat => deserialize(bytes) as Flat;
