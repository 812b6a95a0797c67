import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoreWrite } from '../../store/store.ts';
import { decodeSlice, encodeSlice } from './store-slice.ts';

const byteString = fc.uint8Array({ maxLength: 300 }).map((bytes) => String.fromCharCode(...bytes));
const write: fc.Arbitrary<StoreWrite> = fc.tuple(
  fc.nat(0xfffe),
  byteString,
  fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
);

test('a slice arrives as it was sent: keys of all bytes, empty values, deletions', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 50 }), (slice) => {
      const plain = ([table, key, value]: StoreWrite) => [table, key, value === undefined ? undefined : [...value]];
      expect(decodeSlice(encodeSlice(slice)).map(plain)).toEqual(slice.map(plain));
    }),
  );
});
