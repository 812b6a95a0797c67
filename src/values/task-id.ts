/**
 * Task ids: 26 characters of Crockford's base 32, upper case.
 *
 *   characters 0–3    the 16-bit hash, then 4 random bits
 *   characters 4–13   the mint time in milliseconds (48 bits in 50)
 *   characters 14–25  60 random bits
 *
 * The hash comes first because it says to whom the task belongs. As a store key the time comes first (`taskKey`), so
 * that new tasks are appended at the end.
 */

import { TuttiError } from '../errors/tutti-error.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const pattern = /^[0-9A-HJKMNP-TV-Z]{4}[0-7][0-9A-HJKMNP-TV-Z]{21}$/;
const headChars = 4;
const timeChars = 10;

/** How many random bytes one id takes. */
export const taskIdRandomBytes = 9;

/** All pairs of characters, so that ten bits take one look-up. */
const pairs: readonly string[] = Array.from(
  { length: 1024 },
  (_, bits) => `${alphabet[bits >>> 5]}${alphabet[bits & 31]}`,
);

/** An id for a task whose hash is `hash` (0 to 65535), minted now. `random` holds `taskIdRandomBytes` or more. */
export const mintTaskId = (hash: number, nowMs: number, random: Uint8Array): string => {
  const byte = (index: number): number => random[index] as number;
  const head = (hash << 4) | (byte(0) & 15);
  const timeHigh = Math.floor(nowMs / 0x40000000);
  const timeLow = nowMs % 0x40000000;
  const tailHigh = (byte(1) << 22) | (byte(2) << 14) | (byte(3) << 6) | (byte(4) & 63);
  const tailLow = (byte(5) << 22) | (byte(6) << 14) | (byte(7) << 6) | (byte(8) & 63);
  return (
    pair(head >>> 10) +
    pair(head) +
    pair(timeHigh >>> 10) +
    pair(timeHigh) +
    thirty(timeLow) +
    thirty(tailHigh) +
    thirty(tailLow)
  );
};

const pair = (bits: number): string => pairs[bits & 1023] as string;
const thirty = (bits: number): string => pair(bits >>> 20) + pair(bits >>> 10) + pair(bits);

/** Whether `text` is written as a task id; not whether there is such a task. */
export const isTaskId = (text: string): boolean => pattern.test(text);

/** The hash in an id. */
export const hashOfTaskId = (id: string): number =>
  (digit(id, 0) << 11) | (digit(id, 1) << 6) | (digit(id, 2) << 1) | (digit(id, 3) >>> 4);

/** When an id was minted, in milliseconds since 1970, by the clock of whoever minted it. */
export const mintTimeOfTaskId = (id: string): number => {
  let time = 0;
  for (let index = headChars; index < headChars + timeChars; index++) time = time * 32 + digit(id, index);
  return time;
};

/** The key string under which a task is stored: the id with its time first. */
export const taskKey = (id: string): string => id.slice(headChars) + id.slice(0, headChars);

/** The mint time in a key, as text that sorts as the times do. */
export const mintedOfKey = (key: string): string => key.slice(0, timeChars);

/** The same id for another hash. */
export const withHash = (id: string, hash: number): string => {
  const head = (hash << 4) | (digit(id, headChars - 1) & 15);
  return pair(head >>> 10) + pair(head) + id.slice(headChars);
};

export const taskIdOfKey = (key: string): string => key.slice(-headChars) + key.slice(0, -headChars);

/** Which of `partitions` equal ranges of the 16-bit hash it lies in. */
export const partitionOfHash = (hash: number, partitions: number): number => Math.floor((hash * partitions) / 65536);

/** A bundler leaves it out of the client, which reads no ids. */
const digitsOf = (characters: string): Int8Array => {
  const values = new Int8Array(128).fill(-1);
  for (let value = 0; value < characters.length; value++) values[characters.charCodeAt(value)] = value;
  return values;
};
const digits = /* @__PURE__ */ digitsOf(alphabet);

const digit = (id: string, index: number): number => {
  const value = digits[id.charCodeAt(index)];
  if (value === undefined || value < 0) throw new TuttiError('TASK_NOT_FOUND', `${JSON.stringify(id)} is no task id`);
  return value;
};
