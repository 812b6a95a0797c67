import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KeyPart, keyOfUint, orderedKey, parseOrderedKey, prefixEnd, uintOfKey } from './ordered-key.ts';

const number = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(2 ** 53, 2 ** 53 - 1, Number.MAX_VALUE, Number.MIN_VALUE),
);
const bigint = fc.oneof(
  fc.bigInt({ min: -3n, max: 3n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.bigInt({ min: -(2n ** 3000n), max: 2n ** 3000n }),
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.string({
    unit: fc.constantFrom(
      '\u0000',
      '\u0001',
      'a',
      '\u00ff',
      '\u0800',
      '\ud800',
      '\udfff',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    ),
    maxLength: 4,
  }),
);
const bytes = fc.uint8Array({ maxLength: 4 });
const date = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15)),
);
const part: fc.Arbitrary<KeyPart> = fc.oneof(fc.constantFrom(null, false, true), number, bigint, text, bytes, date);
const tuple = fc.array(part, { maxLength: 4 });
/** Two tuples that often begin alike, so that later parts decide as well. */
const pair = fc.tuple(fc.array(part, { maxLength: 2 }), tuple, tuple).map(
  ([start, a, b]) =>
    [
      [...start, ...a],
      [...start, ...b],
    ] as const,
);

// The naive model of the order.
const rank = (value: KeyPart): number => {
  if (value === null) return 0;
  if (typeof value === 'boolean') return value ? 2 : 1;
  if (typeof value === 'number' || typeof value === 'bigint') return 3;
  if (value instanceof Date) return 4;
  return typeof value === 'string' ? 5 : 6;
};
const compareLists = <T>(a: readonly T[], b: readonly T[], compare: (x: T, y: T) => number): number => {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const result = compare(a[index] as T, b[index] as T);
    if (result !== 0) return result;
  }
  return a.length - b.length;
};
const comparePoints = (a: number, b: number): number => a - b;
const compareParts = (a: KeyPart, b: KeyPart): number => {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareLists([...a], [...b], comparePoints);
  if (typeof a === 'string' && typeof b === 'string') {
    const points = (value: string): number[] => Array.from(value, (character) => character.codePointAt(0) as number);
    return compareLists(points(a), points(b), comparePoints);
  }
  if (rank(a) !== 3) return 0;
  // JavaScript compares numbers and bigints exactly.
  if ((a as number) < (b as number)) return -1;
  if ((a as number) > (b as number)) return 1;
  return Number(typeof a === 'bigint') - Number(typeof b === 'bigint');
};

describe('ordered keys', () => {
  test('are ordered as the tuples they were made from', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [keyA, keyB] = [orderedKey(a), orderedKey(b)];
        const found = keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
        expect(found).toBe(Math.sign(compareLists(a, b, compareParts)));
      }),
      { numRuns: 5_000 },
    );
  });

  test('give back what they were made from', () => {
    fc.assert(
      fc.property(tuple, (parts) => {
        const back = parseOrderedKey(orderedKey(parts));
        expect(back).toEqual(parts.map((value) => (Object.is(value, -0) ? 0 : value)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('are strings of one byte a character', () => {
    fc.assert(fc.property(tuple, (parts) => /^[\u0000-\u00ff]*$/.test(orderedKey(parts))));
  });

  test('of all extensions of a tuple, and of nothing else, lie between its key and prefixEnd', () => {
    fc.assert(
      fc.property(pair, ([prefix, other]) => {
        const from = orderedKey(prefix);
        const key = orderedKey(other);
        const extendsIt = compareLists(prefix, other.slice(0, prefix.length), compareParts) === 0;
        expect(key >= from && key < prefixEnd(from)).toBe(extendsIt);
      }),
      { numRuns: 2_000 },
    );
  });

  test('are refused for NaN and invalid Dates, and for texts that are no keys', () => {
    expect(() => orderedKey([Number.NaN])).toThrow(/NaN/);
    expect(() => orderedKey([new Date(Number.NaN)])).toThrow(/invalid Date/);
    expect(() => orderedKey([{} as never])).toThrow(expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }));
    for (const bad of ['x', '\x38abc', '\x28\x00', '\x30\x00']) {
      expect(() => parseOrderedKey(bad)).toThrow(expect.objectContaining({ code: 'VALUE_MALFORMED' }));
    }
  });

  test('have a format that does not change', () => {
    const parts = [null, false, true, 1, -1.5, 2n ** 64n + 1n, -5n, new Date(0), 'a\u0000é', new Uint8Array([0, 255])];
    const hex = Array.from(orderedKey(parts), (character) =>
      character.charCodeAt(0).toString(16).padStart(2, '0'),
    ).join('');
    expect(hex).toBe(
      '081018' +
        '283ff00000000000000000' +
        '20c007ffffffffffffff00' +
        '2843f0000000000000010101' +
        '20bfebffffffffffffff01' +
        '3020000000000000' +
        '386100ffc3a900' +
        '4000ffff00',
    );
  });
});

describe('unsigned integers as keys', () => {
  test('keep width, order and value', () => {
    const sized = fc
      .integer({ min: 1, max: 6 })
      .chain((width) => fc.tuple(fc.constant(width), fc.maxSafeNat(), fc.maxSafeNat()));
    fc.assert(
      fc.property(sized, ([width, a, b]) => {
        const [x, y] = [a % 256 ** width, b % 256 ** width];
        const [keyX, keyY] = [keyOfUint(x, width), keyOfUint(y, width)];
        expect([keyX.length, uintOfKey(keyX), keyX < keyY]).toEqual([width, x, x < y]);
        expect(uintOfKey(`ab${keyX}c`, 2, 2 + width)).toBe(x);
      }),
    );
  });
});
