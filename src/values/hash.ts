/**
 * Hashes and seeded randomness that give the same on every machine and in every version: what they decide (which
 * partition a key belongs to, what a replayed task draws) is stored. Integer arithmetic only; not for secrets.
 *
 * The hash is MurmurHash3 (Austin Appleby, public domain), the x86 32-bit variant, over the UTF-16 code units of the
 * text as little-endian byte pairs. The generator is xoshiro128** (Blackman and Vigna), seeded by splitmix32.
 */

/** MurmurHash3 x86_32 of the text's UTF-16LE bytes, as an unsigned 32-bit number. */
export const hash32 = (text: string, seed = 0): number => {
  const length = text.length;
  let hash = seed | 0;
  let at = 0;
  for (; at + 1 < length; at += 2) {
    hash ^= mixBlock(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (at < length) hash ^= mixBlock(text.charCodeAt(at));
  hash ^= 2 * length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

const mixBlock = (block: number): number => {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
};

/** A number from 0 to 65535: the upper half of `hash32`. What partitions own ranges of. */
export const hash16 = (text: string): number => hash32(text) >>> 16;

const secondSeed = 0x9747b28c;

/** Two `hash32` with different seeds as 16 hexadecimal digits: for fingerprints, not against an adversary. */
export const hash64 = (text: string): string => hex8(hash32(text)) + hex8(hash32(text, secondSeed));

const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

/** A source of random numbers that is the same for the same seed. */
export type SeededRandom = {
  /** A number in [0, 1) with 53 random bits. */
  fraction(): number;
  /** `count` bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer>;
};

export const seededRandom = (seed: string): SeededRandom => {
  // splitmix32 over the hash fills the state; a second hash keeps seeds apart whose first ones collide.
  let sequence = hash32(seed);
  const spread = hash32(seed, secondSeed);
  const fill = (): number => {
    sequence = (sequence + 0x9e3779b9) | 0;
    let mixed = Math.imul(sequence ^ (sequence >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
  let a = fill() ^ spread;
  let b = fill();
  let c = fill();
  // Never all zero, in which state the generator would stay.
  let d = fill() | 1;

  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };

  return {
    fraction: () => ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000,
    bytes(count) {
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; at += 4) {
        const word = next();
        for (let shift = 0; shift < 4 && at + shift < count; shift++) bytes[at + shift] = word >>> (8 * shift);
      }
      return bytes;
    },
  };
};
