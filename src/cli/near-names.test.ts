import { describe, expect, test } from 'vitest';
import { didYouMean, distanceOf, nearNames } from './near-names.ts';

describe('near names', () => {
  test('a slip of the keyboard is forgiven: a letter changed, missing, doubled, or two swapped', () => {
    for (const slip of ['riport', 'reprt', 'repport', 'reoprt', 'Report'])
      expect(nearNames(slip, ['report', 'import', 'list'])[0], slip).toBe('report');
  });

  test('what is not near is not suggested', () => {
    expect(nearNames('inventory', ['report', 'list'])).toEqual([]);
    expect(didYouMean('inventory', ['report', 'list'])).toBe('');
  });

  test('a beginning counts as near, and the nearest comes first', () => {
    expect(nearNames('stat', ['statements', 'status', 'list'])).toEqual(['status', 'statements']);
    expect(didYouMean('stat', ['statements', 'status'])).toBe(' Did you mean status or statements?');
  });

  test('the distance is the number of edits', () => {
    expect(distanceOf('', 'abc')).toBe(3);
    expect(distanceOf('abc', 'abc')).toBe(0);
    expect(distanceOf('ab', 'ba')).toBe(1);
    expect(distanceOf('kitten', 'sitting')).toBe(3);
  });
});
