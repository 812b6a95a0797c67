import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hashOfTaskId,
  isTaskId,
  mintTaskId,
  mintTimeOfTaskId,
  partitionOfHash,
  taskIdOfKey,
  taskIdRandomBytes,
  taskKey,
} from './task-id.ts';

const hash = fc.nat(0xffff);
const time = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  fc.constantFrom(0, 2 ** 48 - 1, 2 ** 30, 2 ** 30 - 1, 1_800_000_000_000),
);
const random = fc.uint8Array({ minLength: taskIdRandomBytes, maxLength: taskIdRandomBytes });

describe('task ids', () => {
  test('give back the hash and the mint time', () => {
    fc.assert(
      fc.property(hash, time, random, (h, t, r) => {
        const id = mintTaskId(h, t, r);
        expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
        expect([hashOfTaskId(id), mintTimeOfTaskId(id), isTaskId(id)]).toEqual([h, t, true]);
      }),
    );
  });

  test('differ in every one of the 64 random bits, and only by what they are made from', () => {
    const zero = new Uint8Array(taskIdRandomBytes);
    const ids = new Set<string>([mintTaskId(5, 7, zero)]);
    for (let bit = 0; bit < taskIdRandomBytes * 8; bit++) {
      const bytes = zero.slice();
      bytes[bit >> 3] = 1 << (bit & 7);
      ids.add(mintTaskId(5, 7, bytes));
    }
    expect(ids.size).toBe(1 + 64);
    fc.assert(fc.property(hash, time, random, (h, t, r) => mintTaskId(h, t, r) === mintTaskId(h, t, r.slice())));
  });

  test('as keys are ordered by mint time, and turn back into ids', () => {
    fc.assert(
      fc.property(hash, hash, time, time, random, random, (h1, h2, t1, t2, r1, r2) => {
        const [a, b] = [mintTaskId(h1, t1, r1), mintTaskId(h2, t2, r2)];
        expect([taskIdOfKey(taskKey(a)), taskIdOfKey(taskKey(b))]).toEqual([a, b]);
        if (t1 !== t2) expect(taskKey(a) < taskKey(b)).toBe(t1 < t2);
      }),
    );
  });

  test('are ordered by hash, so that the ids of a range of hashes are a range of ids', () => {
    fc.assert(
      fc.property(hash, hash, time, time, random, random, (h1, h2, t1, t2, r1, r2) => {
        if (h1 !== h2) expect(mintTaskId(h1, t1, r1) < mintTaskId(h2, t2, r2)).toBe(h1 < h2);
      }),
    );
  });

  test('are not lower case, longer, shorter, or with letters that look like others', () => {
    const id = mintTaskId(54_321, 1_800_000_000_000, new Uint8Array(taskIdRandomBytes));
    for (const other of [
      id.toLowerCase(),
      `${id}0`,
      id.slice(1),
      `${id.slice(0, -1)}I`,
      `${id.slice(0, 4)}Z${id.slice(5)}`,
      '',
      `${id}\n`,
    ]) {
      expect(isTaskId(other), other).toBe(false);
    }
    expect(() => hashOfTaskId('no id')).toThrow(expect.objectContaining({ code: 'TASK_NOT_FOUND' }));
    expect(() => mintTimeOfTaskId('ABCD')).toThrow(expect.objectContaining({ code: 'TASK_NOT_FOUND' }));
  });

  test('have a format that does not change', () => {
    expect(mintTaskId(0xd431, 1_234_567_890_123, Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8))).toMatchInlineSnapshot(
      `"TGRS013XRZP16B0410640M30E8"`,
    );
  });
});

describe('partitions', () => {
  test('own ranges of the hash that follow each other, cover it, and differ in size by one at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), (partitions) => {
        const sizes = new Array<number>(partitions).fill(0);
        let last = 0;
        for (let value = 0; value < 65_536; value++) {
          const partition = partitionOfHash(value, partitions);
          expect(partition === last || partition === last + 1).toBe(true);
          last = partition;
          sizes[partition] = (sizes[partition] ?? 0) + 1;
        }
        expect(last).toBe(partitions - 1);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 10 },
    );
  });
});
