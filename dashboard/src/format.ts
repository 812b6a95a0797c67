/** Numbers and times for people: short, and of a width that does not jump. */
import { formatDuration } from '../../src/values/duration.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

export const formatCount = (count: number): string => whole.format(count);

/** `12.3K`; whole below a thousand. */
export const formatShort = (count: number): string =>
  count < 10 ? oneDigit.format(count) : count < 1_000 ? whole.format(count) : compact.format(count);

/** How many a second. */
export const formatRate = (perSecond: number): string =>
  perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond);

export const formatMs = (ms: number): string => {
  if (ms < 0.95) return `${Number(ms.toFixed(2))} ms`;
  if (ms < 9.5) return `${Number(ms.toFixed(1))} ms`;
  return formatDuration(ms);
};

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'];

export const formatBytes = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  for (; value >= 1_000 && unit < byteUnits.length - 1; unit++) value /= 1_000;
  return `${unit === 0 ? value : value.toPrecision(3)} ${byteUnits[unit]}`;
};

/** How long ago, in one unit: `now`, `42 s`, `3 min`, `5 h`, `2 d`. */
export const formatAge = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
};

const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:22.118`, in the reader's time zone. */
export const formatClock = (time: Date): string =>
  `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;

/** `2026-11-03 14:03:22`, in the reader's time zone. */
export const formatTime = (time: Date): string =>
  `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
