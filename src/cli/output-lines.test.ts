import { expect, test } from 'vitest';
import { OutputLines } from './output-lines.ts';

const linesOf = (...texts: readonly string[]): readonly string[] => {
  const given: string[] = [];
  const lines = new OutputLines((line) => given.push(line));
  for (const text of texts) lines.take(text);
  lines.end();
  return given;
};

test('lines come whole, however the stream is cut', () => {
  expect(linesOf('on', 'e\ntw', 'o\r\n\nthree')).toEqual(['one', 'two', '', 'three']);
  expect(linesOf('')).toEqual([]);
});

test('a line without an end takes bounded memory', () => {
  const lines = linesOf(...Array.from({ length: 200 }, () => 'x'.repeat(1_024)));
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.join('')).toHaveLength(200 * 1_024);
});
