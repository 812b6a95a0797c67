/**
 * Bytes in all the shapes that JavaScript has for them. A Uint8Array (and Node's Buffer, which comes back as one) is
 * `{"$bytes":"<base64>"}`, any other `{"$bytes":["<class>","<base64>"]}`. Elements of more than a byte are little-endian,
 * as on every machine that Node runs on.
 */

import { type Kind, notDecodable } from './kind.ts';

type View = { new (buffer: ArrayBuffer): ArrayBufferView; readonly name: string; readonly BYTES_PER_ELEMENT?: number };

const views: readonly View[] = [
  Uint8Array,
  Uint8ClampedArray,
  Uint16Array,
  Uint32Array,
  BigUint64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  BigInt64Array,
  Float32Array,
  Float64Array,
  DataView,
];

export const bufferKinds: readonly string[] = ['ArrayBuffer', ...views.map(({ name }) => name)];

export const bytesKind: Kind<ArrayBuffer | ArrayBufferView> = {
  tag: '$bytes',
  encode(value, walk) {
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    walk.charsLeft -= Math.ceil(bytes.length / 3) * 4;
    if (walk.charsLeft < 0) throw walk.tooLarge();
    const className = Object.prototype.toString.call(value).slice('[object '.length, -1);
    const text = toBase64(bytes);
    return className === 'Uint8Array' ? text : [className, text];
  },
  decode(payload) {
    const [className, text] = Array.isArray(payload) ? (payload as readonly unknown[]) : ['Uint8Array', payload];
    const bytes = typeof text === 'string' ? fromBase64(text) : undefined;
    if (bytes === undefined) return notDecodable;
    if (className === 'ArrayBuffer') return bytes.buffer;
    const make = views.find(({ name }) => name === className);
    if (make === undefined || bytes.length % (make.BYTES_PER_ELEMENT ?? 1) !== 0) return notDecodable;
    return new make(bytes.buffer);
  },
};

/** Standard base64. */
const toBase64 = (bytes: Uint8Array): string => {
  const native = nativeBase64();
  if (native !== undefined) return native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += stretch) {
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(at, at + stretch))));
  }
  return pieces.join('');
};

/** A multiple of 3, so that pieces join without padding between them; few enough to be arguments of a call. */
const stretch = 3 * 4096;

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  if (text.length % 4 !== 0 || !/^[A-Za-z\d+/]*={0,2}$/.test(text)) return undefined;
  const native = nativeBase64();
  return native === undefined
    ? Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
    : new Uint8Array(native.from(text, 'base64'));
};

/** Node's Buffer, many times faster than what browsers and Node have in common. */
const nativeBase64 = (): typeof Buffer | undefined => (globalThis as { Buffer?: typeof Buffer }).Buffer;
