import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMaxMs, durationMs, formatDuration } from './duration.ts';

describe('durations', () => {
  test.each([
    [0, 0],
    [250, 250],
    [0.4, 1],
    ['250 ms', 250],
    ['10 s', 10_000],
    ['10s', 10_000],
    ['1.5 s', 1_500],
    ['2.3 h', 8_280_000],
    ['5 min', 300_000],
    ['1 minute', 60_000],
    ['2 h', 7_200_000],
    ['2 hours', 7_200_000],
    ['1 day', 86_400_000],
    ['30 days', 2_592_000_000],
    ['2 weeks', 1_209_600_000],
    ['  3   s ', 3_000],
  ])('%j is %i ms', (value, ms) => {
    expect(durationMs(value, 'timeout')).toBe(ms);
  });

  test.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    durationMaxMs + 1,
    '',
    's',
    '5',
    '-5 s',
    '5 m',
    '5 M',
    '1e3 s',
    '5 s 3 s',
    '101 years',
    '40000 days',
    '1,5 s',
    null,
    {},
  ])('%j is none, and the error says which option it is', (value) => {
    expect(() => durationMs(value as never, 'retry.first')).toThrow(
      expect.objectContaining({ code: 'DURATION_INVALID', message: expect.stringMatching(/^retry\.first: /) }),
    );
  });

  test.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1 s'],
    [1_500, '1.5 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min'],
    [125_000, '2 min 5 s'],
    [3_599_600, '1 h'],
    [7_500_000, '2 h 5 min'],
    [86_399_000, '1 day'],
    [93_600_000, '1 day 2 h'],
    [259_200_000, '3 days'],
  ])('%f ms are told as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('that are told can be read again within the precision in which they are told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 10 }), (ms) => {
        const parts = formatDuration(ms).match(/[\d.]+ [a-z]+/g) ?? [];
        const read = parts.reduce((sum, part) => sum + durationMs(part, 'part'), 0);
        expect(Math.abs(read - ms)).toBeLessThanOrEqual(Math.max(1, ms / 40));
      }),
    );
  });
});
