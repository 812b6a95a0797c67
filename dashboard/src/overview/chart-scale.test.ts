import { expect, test } from 'vitest';
import { areaPath, evenScale, linePath, powerScale, roundUp, windowSteps } from './chart-scale.ts';

test('a chart shows the least of its spans that holds all points', () => {
  expect(windowSteps(0, 10_000)).toBe(30);
  expect(windowSteps(31, 10_000)).toBe(90);
  expect(windowSteps(360, 10_000)).toBe(360);
  expect(windowSteps(1_000, 10_000)).toBe(360);
});

test('its top is a round number', () => {
  expect([0, 0.3, 1, 1.1, 4, 7, 99, 101].map(roundUp)).toEqual([1, 0.5, 1, 2, 5, 10, 100, 200]);
  expect(evenScale([[3, null, 7], [12]], 10)).toMatchObject({ least: 0, most: 20 });
  expect(evenScale([[100, 1]], 1).most).toBe(1);
});

test('where values differ by powers of ten, each power is as high as the next', () => {
  const { least, most, heightOf } = powerScale([[0.05, null], [50]], 10);
  expect([least, most]).toEqual([0.01, 100]);
  expect(heightOf(0)).toBe(0);
  expect(heightOf(1)).toBeCloseTo(0.5);
  expect(powerScale([[null]], 10)).toMatchObject({ least: 0, most: 1 });
  expect(powerScale([[7]], 10)).toMatchObject({ least: 1, most: 10 });
});

test('a line ends at the right edge and is broken where nothing is known', () => {
  const half = (value: number): number => value / 2;
  expect(linePath([0, 1, null, 2], 10, half)).toBe('M7 100L8 50M10 0h0');
  expect(areaPath([1, 1], 10, half)).toBe('M9 100L9 50L10 50L10 100Z');
  expect(linePath([null, null], 10, half)).toBe('');
});
