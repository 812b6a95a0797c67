/**
 * Durations as users write them: a number of milliseconds, or a number with a unit: `'10 s'`, `'5 min'`.
 */

import { TuttiError } from '../errors/tutti-error.ts';

type Unit =
  | 'ms'
  | 's'
  | 'sec'
  | 'second'
  | 'seconds'
  | 'min'
  | 'minute'
  | 'minutes'
  | 'h'
  | 'hour'
  | 'hours'
  | 'd'
  | 'day'
  | 'days'
  | 'week'
  | 'weeks';

/** Milliseconds, or text such as `'250 ms'`, `'10 s'`, `'5 min'`, `'2 h'`, `'1 day'`. */
export type Duration = number | `${number} ${Unit}` | `${number}${Unit}`;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** No duration is longer than this (100 years). */
export const durationMaxMs = 36_525 * 86_400_000;

/** A count and a unit, which stands in the group of its length. */
const pattern =
  /^\s*(\d+(?:\.\d+)?)\s*(?:(ms|milliseconds?)|(s|sec|seconds?)|(min|minutes?)|(h|hours?)|(d|days?)|(weeks?))\s*$/;
const unitMs = [1, second, minute, hour, day, 7 * day];

/** The whole milliseconds of a duration, rounded up. `what` names it in the error: `DURATION_INVALID`. */
export const durationMs = (value: number | string, what: string): number => {
  const ms = typeof value === 'number' ? value : parse(value);
  if (ms >= 0 && ms <= durationMaxMs) return Math.max(0, Math.ceil(ms - 1e-6));
  const complaint =
    ms > durationMaxMs
      ? 'is longer than 100 years'
      : "is not a duration: a number of milliseconds, or text such as '10 s', '5 min', '2 h', '1 day'";
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  throw new TuttiError('DURATION_INVALID', `${what}: ${shown} ${complaint}`, { details: { what } });
};

const parse = (text: string): number => {
  const match = typeof text === 'string' ? pattern.exec(text) : null;
  if (match === null) return Number.NaN;
  const [, count, ...units] = match;
  return Number(count) * (unitMs[units.findIndex((unit) => unit !== undefined)] as number);
};

/** A duration for people, in one unit where it fits, else in two: `250 ms`, `1.5 s`, `2 h 5 min`, `3 days`. */
export const formatDuration = (ms: number): string => {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Math.round(ms / 100) / 10} s`;
  const seconds = rounded(ms, second);
  if (seconds < hour) return two(seconds, minute, 'min', second, 's');
  const minutes = rounded(ms, minute);
  if (minutes < day) return two(minutes, hour, 'h', minute, 'min');
  const hours = rounded(ms, hour);
  return two(hours, day, hours < 2 * day ? 'day' : 'days', hour, 'h');
};

const rounded = (ms: number, unit: number): number => Math.round(ms / unit) * unit;

const two = (ms: number, large: number, largeName: string, small: number, smallName: string): string => {
  const rest = (ms % large) / small;
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
};
