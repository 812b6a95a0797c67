import { describe, expect, test } from 'vitest';
import { hash16, hash32, hash64, seededRandom } from './hash.ts';

/** How far counts lie from even, as chi-squared over its degrees of freedom: about 1 for a good source. */
const unevenness = (counts: readonly number[]): number => {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0) / (counts.length - 1);
};

describe('hashes', () => {
  test('are MurmurHash3 x86_32 of the UTF-16LE bytes: its published test values', () => {
    // Published for bytes; these strings have the same bytes as code units.
    expect(hash32('')).toBe(0);
    expect(hash32('', 1)).toBe(0x514e28b7);
    expect(hash32('', 0xffffffff)).toBe(0x81f16f39);
    // "!Ce\x87" as bytes 21 43 65 87.
    expect(hash32('\u4321\u8765')).toBe(0xf55b516b);
    expect(hash32('\u4321\u8765', 0x5082edee)).toBe(0x2362f9de);
    expect(hash32('\u4321')).toBe(0xa0f7b07a);
    expect(hash32('\u0000\u0000')).toBe(0x2362f9de);
    expect(hash32('\u0000')).toBe(0x30f4c306);
  });

  test('do not change: stored ids and fingerprints rest on them', () => {
    expect([hash16(''), hash16('statements'), hash16('é😀')]).toMatchInlineSnapshot(`
      [
        0,
        18550,
        34695,
      ]
    `);
    expect([hash64(''), hash64('statements')]).toMatchInlineSnapshot(`
      [
        "00000000ebb6c228",
        "4876497e2d6a0102",
      ]
    `);
  });

  test('spread similar texts evenly over partitions, whatever their number', () => {
    for (const partitions of [2, 3, 8, 100]) {
      const counts = new Array<number>(partitions).fill(0);
      for (let index = 0; index < 50_000; index++) {
        const partition = Math.floor((hash16(`user:${index}`) * partitions) / 65536);
        counts[partition] = (counts[partition] ?? 0) + 1;
      }
      // 65,536 hashes do not divide evenly by 3 or 100; beyond that it must look random.
      expect(unevenness(counts), `${partitions} partitions`).toBeLessThan(2.5);
    }
  });

  test('of 64 bits do not collide among a hundred thousand names', () => {
    const seen = new Set(Array.from({ length: 100_000 }, (_, index) => hash64(`name.${index}`)));
    expect(seen.size).toBe(100_000);
  });
});

describe('seeded randomness', () => {
  test('is the same for the same seed and another for another', () => {
    const draw = (seed: string): unknown[] => {
      const random = seededRandom(seed);
      return [random.fraction(), random.bytes(5), random.fraction(), random.bytes(0), random.bytes(16)];
    };
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
    expect(draw('a').slice(0, 2)).toMatchInlineSnapshot(`
      [
        0.5799125330251116,
        Uint8Array [
          98,
          74,
          68,
          135,
          135,
        ],
      ]
    `);
  });

  test('is even: fractions in [0, 1) by range, bytes by value, neighbouring seeds apart', () => {
    const random = seededRandom('even');
    const tenths = new Array<number>(10).fill(0);
    const values = new Array<number>(256).fill(0);
    const firsts = new Array<number>(10).fill(0);
    const add = (counts: number[], index: number): void => {
      counts[index] = (counts[index] ?? 0) + 1;
    };
    for (let index = 0; index < 50_000; index++) {
      const fraction = random.fraction();
      expect(fraction >= 0 && fraction < 1).toBe(true);
      add(tenths, Math.floor(fraction * 10));
      add(firsts, Math.floor(seededRandom(`seed ${index}`).fraction() * 10));
    }
    for (const byte of random.bytes(100_001)) add(values, byte);
    expect(unevenness(tenths)).toBeLessThan(2.5);
    expect(unevenness(firsts)).toBeLessThan(2.5);
    expect(unevenness(values)).toBeLessThan(1.5);
  });
});
