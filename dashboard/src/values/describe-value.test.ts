import { expect, test } from 'vitest';
import { describeValue } from './describe-value.ts';

const shown = (value: unknown): string => {
  const { kind, text } = describeValue(value);
  return kind === undefined ? text : `${kind} ${text}`;
};

test('every kind of value is shown as what it is', () => {
  expect(shown('a "b"')).toBe('"a \\"b\\""');
  expect(shown(-0)).toBe('-0');
  expect(shown(Number.NaN)).toBe('NaN');
  expect(shown(12n)).toBe('bigint 12n');
  expect(shown(undefined)).toBe('undefined');
  expect(shown(null)).toBe('null');
  expect(shown(new Date(0))).toBe('Date 1970-01-01T00:00:00.000Z');
  expect(shown(new URL('https://example.org/a'))).toBe('URL https://example.org/a');
  expect(shown(/a+/g)).toBe('RegExp /a+/g');
  expect(shown(new Uint8Array([1, 255]))).toBe('Uint8Array(2) 01 ff');
  expect(shown(new Uint8Array(20))).toMatch(/^Uint8Array\(20\) (00 ){16}…$/);
  expect(shown(new Map([[1, 2]]))).toBe('Map (1)');
  expect(shown(new Set([1, 2]))).toBe('Set (2)');
  expect(shown([1, 2, 3])).toBe('[3]');
  expect(shown({})).toBe('{}');
  expect(shown(new RangeError('too far'))).toBe('RangeError too far');
});

test('what stands in a value can be opened: keys of maps, fields and causes of errors', () => {
  const labels = (value: unknown): readonly string[] => describeValue(value).parts.map(({ label }) => label);
  expect(
    labels(
      new Map<unknown, unknown>([
        ['a', 1],
        [new Date(0), 2],
      ]),
    ),
  ).toEqual(['"a"', '1970-01-01T00:00:00.000Z']);
  expect(labels(Object.assign(new Error('no', { cause: 1 }), { code: 'X' }))).toEqual(['code', 'cause']);
  expect(labels(new Float64Array([1, 2]))).toEqual(['0', '1']);
});
