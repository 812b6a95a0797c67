import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { displayWidth } from './display-width.ts';
import type { ProgressView } from './progress-state.ts';
import { countText, progressLine, progressSentence } from './progress-text.ts';
import { styleOf } from './style.ts';

const view: ProgressView = {
  task: 'inventory',
  elapsedMs: 4_000,
  pieces: { done: 1_234, total: 5_678, message: undefined },
  perSecond: 1_520.4,
  leftMs: 2_923,
  executors: { count: 4, busy: 3 },
};
const plain = styleOf(false, true);

describe('the progress line', () => {
  test('shows name, bar, pieces, percentage, rate, time left and executors where there is room', () => {
    expect(progressLine(view, 120, plain)).toBe(
      `inventory  ${'━'.repeat(6)}${'─'.repeat(24)}  1,234/5,678  21%  1,520/s  3 s left  3/4 busy`,
    );
  });

  test('never is wider than the terminal, and gives up the least important first', () => {
    const messaged = { ...view, pieces: { done: 1_234, total: 5_678, message: '日本語のファイル name' } };
    for (let columns = 1; columns <= 140; columns++)
      for (const style of [plain, styleOf(true, true)])
        expect(displayWidth(stripVTControlCharacters(progressLine(messaged, columns, style)))).toBeLessThanOrEqual(
          columns,
        );
    expect(progressLine(view, 40, plain)).toBe('inventory  1,234/5,678  21%  3 s left');
    expect(progressLine(view, 24, plain)).toBe('inventory  1,234/5,678');
    expect(progressLine(view, 11, plain)).toBe('1,234/5,678');
  });

  test('without colours it has no control characters, without Unicode only ASCII', () => {
    const line = progressLine(
      { ...view, pieces: { done: 1, total: 2, message: 'x\u001b[31m\ny' } },
      120,
      styleOf(false, false),
    );
    expect(line).toMatch(/^[\x20-\x7e]*$/);
    expect(line).toContain('###############---------------');
    expect(line.endsWith('  x y')).toBe(true);
  });

  test('before anything is counted it tells how long it has run', () => {
    const begun = { ...view, pieces: undefined, perSecond: undefined, leftMs: undefined };
    expect(progressLine(begun, 80, plain)).toBe('inventory  4 s  3/4 busy');
    expect(progressSentence(begun)).toBe('inventory: running for 4 s, 3/4 executors busy');
  });

  test('a hundred per cent is shown when all is done, not before', () => {
    const at = (done: number) =>
      progressLine({ ...view, pieces: { done, total: 1_000, message: undefined } }, 200, plain);
    expect(at(999)).toContain('  99%');
    expect(at(1_000)).toContain('  100%');
  });

  test('a total of nothing is no division by it', () => {
    expect(progressLine({ ...view, pieces: { done: 0, total: 0, message: undefined } }, 80, plain)).toContain('0/0');
  });
});

test('the sentence for logs has it all in words', () => {
  expect(progressSentence({ ...view, pieces: { done: 1_234, total: 5_678, message: 'reading\nfiles' } })).toBe(
    'inventory: 1,234/5,678 pieces (21%), 1,520/s, 3 s left, 3/4 executors busy · reading files',
  );
});

test('slow work is told per minute', () => {
  expect(progressSentence({ ...view, perSecond: 0.05 })).toContain('3/min');
});

test('numbers have their thousands apart, whatever the locale', () => {
  expect([0, 999, 1_000, 1_234_567, 2.25, 1_234.5].map(countText)).toEqual([
    '0',
    '999',
    '1,000',
    '1,234,567',
    '2.3',
    '1,235',
  ]);
});
