import { describe, expect, test } from 'vitest';
import { type Interval, whyNotLinearizable } from './linearizable.ts';

const write = (client: number, invokedMs: number, answeredMs: number, written: number): Interval => ({
  client,
  invokedMs,
  answeredMs,
  apply: () => written,
  text: `write ${written}`,
});
const read = (client: number, invokedMs: number, answeredMs: number, seen: number): Interval => ({
  client,
  invokedMs,
  answeredMs,
  apply: (value) => (value === seen ? value : undefined),
  text: `read ${seen}`,
});

describe('a history is linearizable', () => {
  test('when reads see the last write', () => {
    expect(
      whyNotLinearizable([write(1, 0, 1, 5), read(2, 2, 3, 5), write(1, 4, 5, 6), read(2, 6, 7, 6)], 0),
    ).toBeUndefined();
  });

  test('when a read that overlaps a write sees either value', () => {
    for (const seen of [0, 5]) expect(whyNotLinearizable([write(1, 0, 10, 5), read(2, 1, 2, seen)], 0)).toBeUndefined();
  });

  test('when overlapping writes can be ordered so that all reads fit', () => {
    const history = [write(1, 0, 10, 5), write(2, 0, 10, 6), read(3, 1, 2, 6), read(3, 3, 4, 5), read(3, 11, 12, 5)];
    expect(whyNotLinearizable(history, 0)).toBeUndefined();
  });
});

describe('a history is not linearizable', () => {
  test('when a read misses a write that was answered before it', () => {
    expect(whyNotLinearizable([write(1, 0, 1, 5), read(2, 2, 3, 0)], 0)).toContain('read 0');
  });

  test('when two reads see two writes in turns', () => {
    const history = [write(1, 0, 10, 5), write(2, 0, 10, 6), read(3, 1, 2, 6), read(3, 3, 4, 5), read(3, 5, 6, 6)];
    expect(whyNotLinearizable(history, 0)).toBeDefined();
  });

  test('when a value is seen that was taken back', () => {
    expect(whyNotLinearizable([write(1, 0, 10, 5), read(2, 1, 2, 5), read(2, 3, 4, 0)], 0)).toBeDefined();
  });
});
