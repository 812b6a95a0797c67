/**
 * Unsigned integers and doubles as fixed-width pieces of key strings: big-endian, one byte a character, so that order is kept.
 */

const two32 = 0x1_0000_0000;

/** `value` (an integer below 256 to the power of `bytes`) in `bytes` characters, 1 to 6. */
export const keyOfUint = (value: number, bytes: number): string => {
  switch (bytes) {
    case 1:
      return String.fromCharCode(value);
    case 2:
      return String.fromCharCode(value >>> 8, value & 255);
    case 3:
      return String.fromCharCode(value >>> 16, (value >>> 8) & 255, value & 255);
    case 4:
      return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
    default:
      return keyOfUint(Math.floor(value / two32), bytes - 4) + keyOfUint(value >>> 0, 4);
  }
};

/** The integer in the characters `from` (inclusive) to `to` (exclusive) of a key; at most 6 of them. */
export const uintOfKey = (key: string, from = 0, to = key.length): number => {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 256 + key.charCodeAt(index);
  return value;
};

const scratch = new DataView(new ArrayBuffer(8));

/** A double that is not negative, in 8 characters. */
export const keyOfMagnitude = (value: number): string => {
  scratch.setFloat64(0, value);
  return keyOfUint(scratch.getUint32(0), 4) + keyOfUint(scratch.getUint32(4), 4);
};

export const magnitudeOfKey = (key: string): number => {
  scratch.setUint32(0, uintOfKey(key, 0, 4));
  scratch.setUint32(4, uintOfKey(key, 4, 8));
  return scratch.getFloat64(0);
};

/** The largest finite double that is not above `value`, which is not negative. */
export const doubleBelow = (value: bigint): number => {
  const near = Math.min(Number(value), Number.MAX_VALUE);
  if (BigInt(near) <= value) return near;
  scratch.setFloat64(0, near);
  scratch.setBigUint64(0, scratch.getBigUint64(0) - 1n);
  return scratch.getFloat64(0);
};
