/**
 * Bytes in all the shapes that JavaScript has for them. A Uint8Array (and Node's Buffer, which comes back as one) is
 * `{"$bytes":"<base64>"}`, any other `{"$bytes":["<class>","<base64>"]}`. Elements of more than a byte are little-endian,
 * as on every machine that Node runs on.
 */

import { type Kind, notDecodable } from './kind.ts';

type Shape = { readonly elementBytes: number; readonly make: (buffer: ArrayBuffer) => ArrayBuffer | ArrayBufferView };

const typed = (make: { new (buffer: ArrayBuffer): ArrayBufferView; readonly BYTES_PER_ELEMENT: number }): Shape => ({
  elementBytes: make.BYTES_PER_ELEMENT,
  make: (buffer) => new make(buffer),
});

const shapes: ReadonlyMap<string, Shape> = new Map([
  ['Uint8Array', typed(Uint8Array)],
  ['Uint8ClampedArray', typed(Uint8ClampedArray)],
  ['Uint16Array', typed(Uint16Array)],
  ['Uint32Array', typed(Uint32Array)],
  ['BigUint64Array', typed(BigUint64Array)],
  ['Int8Array', typed(Int8Array)],
  ['Int16Array', typed(Int16Array)],
  ['Int32Array', typed(Int32Array)],
  ['BigInt64Array', typed(BigInt64Array)],
  ['Float32Array', typed(Float32Array)],
  ['Float64Array', typed(Float64Array)],
  ['ArrayBuffer', { elementBytes: 1, make: (buffer) => buffer }],
  ['DataView', { elementBytes: 1, make: (buffer) => new DataView(buffer) }],
]);

export const bufferKinds: readonly string[] = [...shapes.keys()];

export const bytesKind: Kind<ArrayBuffer | ArrayBufferView> = {
  tag: '$bytes',
  payload: 'base64, or an array of class and base64',
  encode(value, walk) {
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    walk.charsLeft -= Math.ceil(bytes.length / 3) * 4;
    const className = Object.prototype.toString.call(value).slice('[object '.length, -1);
    const text = toBase64(bytes, walk.charsLeft);
    return className === 'Uint8Array' ? text : [className, text];
  },
  decode(payload) {
    const [className, text] = Array.isArray(payload) ? (payload as readonly unknown[]) : ['Uint8Array', payload];
    const shape = typeof className === 'string' ? shapes.get(className) : undefined;
    const bytes = typeof text === 'string' ? fromBase64(text) : undefined;
    if (shape === undefined || bytes === undefined || bytes.length % shape.elementBytes !== 0) return notDecodable;
    return shape.make(bytes.buffer);
  },
};

const stretch = 0x6000;

/** Standard base64; empty where it would exceed `charsLeft` below zero, as the walk then refuses the whole. */
const toBase64 = (bytes: Uint8Array, charsLeft: number): string => {
  if (charsLeft < 0) return '';
  let binary = '';
  for (let at = 0; at < bytes.length; at += stretch) {
    binary += String.fromCharCode.apply(null, bytes.subarray(at, at + stretch) as unknown as number[]);
  }
  return btoa(binary);
};

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
};
