import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTuttiError, type TuttiError } from '../errors/tutti-error.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from './codec.ts';
import { jsonErrorPosition } from './json-position.ts';

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0),
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom('', '$date', '$', '__proto__', '"$', '\u0000', '\ud800', '\\u0024'),
);
const buffers = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
  fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
);
const leaf = fc.oneof(
  number,
  text,
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  buffers,
  fc.webUrl().map((address) => new URL(address)),
  fc.constantFrom(/a\/b/giu, /(?:)/, /[\]]+/y, /\n/),
);
const key = fc.oneof(text, fc.constantFrom('__proto__', '$date', '$object', '$map', 'constructor', 'toJSON', 'length'));
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
})).value;

/** What cannot be stored, with what its error says. */
const unstorable = fc.constantFrom<readonly [unknown, RegExp]>(
  [() => 1, /a function/],
  [Symbol('s'), /a symbol/],
  [new Date(Number.NaN), /an invalid Date/],
  [new (class Account {})(), /an instance of Account/],
  [new (class Days extends Map {})(), /an instance of Days/],
  [Object(1), /an instance of Number/],
  [Promise.resolve(), /an instance of Promise/],
  [new WeakMap(), /an instance of WeakMap/],
  [new SharedArrayBuffer(8), /an instance of SharedArrayBuffer/],
  [Object.create({}), /an instance of Object/],
  [Object.create(Date.prototype), /could not be read/],
);

const refusalOf = (act: () => unknown): TuttiError => {
  try {
    act();
  } catch (error) {
    if (isTuttiError(error)) return error;
    throw error;
  }
  throw new Error('It was not refused');
};

describe('the value codec', () => {
  test('gives back every supported value as it was', () => {
    fc.assert(
      fc.property(value, (original) => {
        const back = decodeValue(encodeValue(original));
        return isDeepStrictEqual(back, original);
      }),
      { numRuns: 2_000 },
    );
  });

  test('writes JSON as itself: a value of plain JSON has the text of JSON.stringify unless a key looks like a tag', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (json) => {
        const plain = JSON.parse(JSON.stringify(json)) as unknown;
        if (/"(\$|-0)/.test(JSON.stringify(plain)) || JSON.stringify(json).includes('-0')) return;
        expect(encodeValue(plain)).toBe(JSON.stringify(plain));
      }),
    );
  });

  test('encodes the same value to the same text, again after a round trip', () => {
    fc.assert(
      fc.property(value, (original) => {
        const once = encodeValue(original);
        expect(encodeValue(decodeValue(once))).toBe(once);
      }),
    );
  });

  test('refuses what it cannot store, at whatever place, and names the place', () => {
    const step = fc.oneof(
      fc.constantFrom('items', 'a b', '$tag', '__proto__').map((name) => ({
        wrap: (inner: unknown) => ({ first: 1, ...Object.fromEntries([[name, inner]]) }),
        piece: /^\w+$|^\$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`,
      })),
      fc.nat(3).map((index) => ({
        wrap: (inner: unknown) => [...Array.from({ length: index }, () => 0), inner, 'after'],
        piece: `[${index}]`,
      })),
      fc.constantFrom('k', 7).map((name) => ({
        wrap: (inner: unknown) => new Map([[name, inner]]),
        piece: `.get(${JSON.stringify(name)})`,
      })),
      fc.constant({ wrap: (inner: unknown) => new Set([1, inner]), piece: '.values(#1)' }),
    );
    fc.assert(
      fc.property(unstorable, fc.array(step, { maxLength: 6 }), ([bad, says], steps) => {
        const whole = steps.reduceRight<unknown>((inner, { wrap }) => wrap(inner), bad);
        const refusal = refusalOf(() => encodeValue(whole, 'input'));
        expect(refusal.code).toBe('VALUE_UNSUPPORTED');
        expect(refusal.message).toMatch(says);
        expect(refusal.details['path']).toBe(`input${steps.map(({ piece }) => piece).join('')}`);
      }),
    );
  });

  test('answers any text with a value or with VALUE_MALFORMED', () => {
    const tag = fc.constantFrom(
      '$date',
      '$bigint',
      '$bytes',
      '$map',
      '$set',
      '$number',
      '$undefined',
      '$error',
      '$regexp',
      '$url',
      '$object',
      '$what',
    );
    const tagged = fc.tuple(tag, fc.jsonValue()).map(([name, payload]) => JSON.stringify([{ [name]: payload }]));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), tagged), (anything) => {
        try {
          encodeValue(decodeValue(anything));
        } catch (error) {
          expect(isTuttiError(error) && error.code).toBe('VALUE_MALFORMED');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the position of an error in JSON', () => {
  const tokens = fc.json().map((json) => json.match(/[[\]{},:]|"(?:[^"\\]|\\.)*"|[^[\]{},:"\s]+/g) ?? []);

  test('is that of a character that can stand nowhere, between any two tokens', () => {
    fc.assert(
      fc.property(tokens, fc.nat(), (all, at) => {
        const count = at % (all.length + 1);
        const before = all.slice(0, count).join(' ');
        expect(jsonErrorPosition(`${before};${all.slice(count).join(' ')}`)).toBe(before.length);
      }),
    );
  });

  test('is the end of a text that only ends too early', () => {
    fc.assert(
      fc.property(tokens, fc.nat(), (all, at) => {
        const before = all.slice(0, at % all.length).join('');
        expect(jsonErrorPosition(before)).toBe(before.length);
      }),
    );
  });

  test('is that of the token that is one too many or in the wrong place', () => {
    fc.assert(
      fc.property(tokens, fc.constantFrom(']', '}', ':'), (all, extra) => {
        const whole = all.join('');
        expect(jsonErrorPosition(`${whole}${extra}`)).toBe(whole.length);
      }),
    );
  });
});

describe('the error codec', () => {
  const errorClass = fc.constantFrom(Error, TypeError, RangeError, SyntaxError);
  const error = fc.letrec((tie) => ({
    error: fc
      .record({
        make: errorClass,
        message: text,
        cause: fc.oneof({ maxDepth: 4 }, value, tie('error')),
        fields: fc.dictionary(fc.string(), value),
      })
      .map(({ make, message, cause, fields }) => {
        const made = new make(message, { cause });
        for (const name of Object.keys(fields))
          if (!reserved.has(name)) Object.defineProperty(made, name, { value: fields[name], enumerable: true });
        return made;
      }),
  })).error as fc.Arbitrary<Error>;
  const reserved = new Set(['name', 'message', 'stack', 'cause', 'errors']);

  test('gives back class, message, stack, causes and own fields', () => {
    fc.assert(
      fc.property(error, (original) => {
        const back = decodeError(encodeError(original));
        let [one, other]: [unknown, unknown] = [back, original];
        while (one instanceof Error && other instanceof Error) {
          expect(one.constructor).toBe(other.constructor);
          expect([one.name, one.message, one.stack]).toEqual([other.name, other.message, other.stack]);
          expect(isDeepStrictEqual({ ...one }, { ...other })).toBe(true);
          [one, other] = [one.cause, other.cause];
        }
        expect(isDeepStrictEqual(one, other)).toBe(true);
      }),
    );
  });

  test('never throws, whatever was thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
          unstorable.map(([bad]) => bad),
        ),
        (thrown) => {
          expect(decodeError(encodeError(thrown))).toBeInstanceOf(Error);
          expect(decodeError(encodeError(Object.assign(new Error('e', { cause: thrown }), { thrown }))).message).toBe(
            'e',
          );
        },
      ),
    );
  });
});
