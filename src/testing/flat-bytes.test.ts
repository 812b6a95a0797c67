/** What crosses a border between simulated threads. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyFlat, fromBytes, toBytes } from './flat-bytes.ts';

const field = fc.oneof(fc.string(), fc.double(), fc.constant(undefined));
const flat = fc.array(fc.oneof(field, fc.array(field)));

test('a copy is what the bytes would have given, and shares nothing with what was sent', () => {
  fc.assert(
    fc.property(flat, (sent) => {
      const copy = copyFlat(sent);
      expect(copy).toEqual(fromBytes(toBytes(sent)));
      expect(copy).not.toBe(sent);
      for (const [at, nested] of sent.entries()) if (Array.isArray(nested)) expect(copy[at]).not.toBe(nested);
    }),
  );
});

test('what no message is made of is refused', () => {
  for (const wrong of [{}, () => {}, null, true, Symbol('x')])
    expect(() => copyFlat([1, wrong])).toThrow(/holds numbers/);
  expect(() => copyFlat([[{}]])).toThrow(/holds numbers/);
});
