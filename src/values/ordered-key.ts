/**
 * Keys whose order as strings is the order of what they were made from: tuples of simple values as key strings of the
 * store (all code units below 256).
 *
 * K1  orderedKey(a) < orderedKey(b) exactly if a comes before b: part by part, a shorter tuple before its extensions.
 * K2  Parts of different kinds come in this order: null, false, true, numbers and bigints (by value, together), dates,
 *     strings (by code point, which is the order of their UTF-8 bytes), bytes.
 * K3  The key of a tuple is a prefix of the keys of its extensions, so all of them lie between the key and `prefixEnd`.
 * K4  parseOrderedKey gives the parts back; −0 comes back as 0. A number and the bigint of the same value are two
 *     keys, the number's first.
 *
 * The format is stored, so it never changes. A part is a kind character and then:
 *   numbers   of the magnitude, the largest double not above it (8 characters) and what is missing to it (a length and
 *             as many characters, for bigints that no double holds), all complemented if negative; then 0 for a number
 *             and 1 for a bigint
 *   dates     milliseconds plus 2^53, in 7 characters
 *   strings   their bytes with 00 written as 00 FF, ended by 00; bytes likewise
 */

import { TuttiError } from '../errors/tutti-error.ts';
import { bytesOfText, textOfBytes } from './key-text.ts';

export type KeyPart = null | boolean | number | bigint | Date | string | Uint8Array;

const kind = {
  null: '\x08',
  false: '\x10',
  true: '\x18',
  negative: '\x20',
  positive: '\x28',
  date: '\x30',
  string: '\x38',
  bytes: '\x40',
} as const;

/** The key string of a tuple. Throws `VALUE_UNSUPPORTED` for NaN, invalid Dates and anything that is no KeyPart. */
export const orderedKey = (parts: readonly KeyPart[]): string => {
  let key = '';
  for (const part of parts) key += keyOfPart(part);
  return key;
};

/** The first string after the key of a tuple and the keys of all its extensions. */
export const prefixEnd = (key: string): string => `${key}\xff`;

const keyOfPart = (part: KeyPart): string => {
  switch (typeof part) {
    case 'string':
      return kind.string + escaped(bytesOfText(part));
    case 'number':
      if (Number.isNaN(part)) throw unsupported('NaN');
      return signed(part < 0, keyOfMagnitude(Math.abs(part)) + keyOfRest(0n), '\0');
    case 'bigint': {
      const magnitude = part < 0n ? -part : part;
      const below = doubleBelow(magnitude);
      return signed(part < 0n, keyOfMagnitude(below) + keyOfRest(magnitude - BigInt(below)), '\x01');
    }
    case 'boolean':
      return part ? kind.true : kind.false;
    default:
      if (part === null) return kind.null;
      if (part instanceof Date) return kind.date + keyOfDate(part.getTime());
      if (part instanceof Uint8Array) return kind.bytes + escaped(latin1(part));
      throw unsupported(`${typeof part}`);
  }
};

const unsupported = (found: string): TuttiError =>
  new TuttiError('VALUE_UNSUPPORTED', `${found} cannot be part of a key`);

const signed = (negative: boolean, magnitude: string, flag: string): string =>
  negative ? kind.negative + complement(magnitude) + flag : kind.positive + magnitude + flag;

const complement = (bytes: string): string => {
  let result = '';
  for (let index = 0; index < bytes.length; index++) result += String.fromCharCode(255 - bytes.charCodeAt(index));
  return result;
};

/** A length of one character (255: two more follow) and the big-endian bytes; the longer, the larger. */
const keyOfRest = (rest: bigint): string => {
  if (rest === 0n) return '\0';
  const hex = rest.toString(16);
  const digits = hex.padStart(hex.length + (hex.length % 2), '0');
  const length = digits.length / 2;
  if (length > 0xffff) throw unsupported('a bigint of more than 65,535 bytes');
  let bytes = length < 255 ? keyOfUint(length, 1) : `\xff${keyOfUint(length, 2)}`;
  for (let at = 0; at < digits.length; at += 2)
    bytes += String.fromCharCode(Number.parseInt(digits.slice(at, at + 2), 16));
  return bytes;
};

const two21 = 0x20_0000;

const keyOfDate = (ms: number): string => {
  if (Number.isNaN(ms)) throw unsupported('an invalid Date');
  const high = Math.floor(ms / two32);
  return keyOfUint(high + two21, 3) + keyOfUint(ms - high * two32, 4);
};

const escaped = (bytes: string): string => `${bytes.includes('\0') ? bytes.replaceAll('\0', '\0\xff') : bytes}\0`;

const latin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** The parts of a key. Throws `VALUE_MALFORMED` for a string that is no key. */
export const parseOrderedKey = (key: string): KeyPart[] => {
  const reader = new KeyReader(key);
  const parts: KeyPart[] = [];
  while (!reader.atEnd()) parts.push(reader.part());
  return parts;
};

class KeyReader {
  private readonly key: string;
  private at = 0;

  constructor(key: string) {
    this.key = key;
  }

  atEnd(): boolean {
    return this.at >= this.key.length;
  }

  part(): KeyPart {
    const found = this.take(1);
    switch (found) {
      case kind.null:
        return null;
      case kind.false:
        return false;
      case kind.true:
        return true;
      case kind.negative:
      case kind.positive:
        return this.number(found === kind.negative);
      case kind.date:
        return new Date((uintOfKey(this.take(3)) - two21) * two32 + uintOfKey(this.take(4)));
      case kind.string:
        return textOfBytes(this.escaped());
      case kind.bytes:
        return Uint8Array.from(this.escaped(), (character) => character.charCodeAt(0));
      default:
        throw this.malformed();
    }
  }

  private number(negative: boolean): number | bigint {
    const take = (count: number): string => (negative ? complement(this.take(count)) : this.take(count));
    const magnitude = magnitudeOfKey(take(8));
    const short = uintOfKey(take(1));
    const rest = take(short === 255 ? uintOfKey(take(2)) : short);
    if (this.take(1) === '\0') return negative ? -magnitude : magnitude;
    let value = 0n;
    for (let index = 0; index < rest.length; index++) value = (value << 8n) | BigInt(rest.charCodeAt(index));
    value += BigInt(magnitude);
    return negative ? -value : value;
  }

  private escaped(): string {
    let end = this.key.indexOf('\0', this.at);
    while (end >= 0 && this.key[end + 1] === '\xff') end = this.key.indexOf('\0', end + 2);
    if (end < 0) throw this.malformed();
    const bytes = this.key.slice(this.at, end);
    this.at = end + 1;
    return bytes.replaceAll('\0\xff', '\0');
  }

  private take(count: number): string {
    const from = this.at;
    this.at += count;
    if (this.at > this.key.length) throw this.malformed();
    return this.key.slice(from, this.at);
  }

  private malformed(): TuttiError {
    return new TuttiError('VALUE_MALFORMED', `Not an ordered key (at character ${this.at})`);
  }
}

const two32 = 0x1_0000_0000;

/** An unsigned integer in fixed width, so that order is kept: `value` (below 256 to the power of `bytes`) in `bytes` characters, 1 to 6. */
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

/** Doubles are taken apart here; nothing stays in it. */
const scratch = new DataView(new ArrayBuffer(8));

/** A double that is not negative, in 8 characters. */
const keyOfMagnitude = (value: number): string => {
  scratch.setFloat64(0, value);
  return keyOfUint(scratch.getUint32(0), 4) + keyOfUint(scratch.getUint32(4), 4);
};

/** The way back from `keyOfMagnitude`. */
const magnitudeOfKey = (key: string): number => {
  scratch.setUint32(0, uintOfKey(key, 0, 4));
  scratch.setUint32(4, uintOfKey(key, 4, 8));
  return scratch.getFloat64(0);
};

/** The largest finite double that is not above `value`, which is not negative. */
const doubleBelow = (value: bigint): number => {
  const near = Math.min(Number(value), Number.MAX_VALUE);
  if (BigInt(near) <= value) return near;
  scratch.setFloat64(0, near);
  scratch.setBigUint64(0, scratch.getBigUint64(0) - 1n);
  return scratch.getFloat64(0);
};
