/**
 * A slice of row writes as one piece of memory, on its way from a state thread to the store's writer. Both ends run the same
 * version, so it carries none.
 *
 * Layout, numbers little-endian: count u32; for each row table u16, characters of the key u16, bytes of the value i32 (-1:
 * the row is deleted); then for each row its key, a byte a character, and its value.
 */
import type { StoreWrite } from '../../store/store.ts';

const headBytes = 4;
const rowBytes = 8;

export const encodeSlice = (slice: readonly StoreWrite[]): Uint8Array<ArrayBuffer> => {
  let size = headBytes + slice.length * rowBytes;
  for (const [, key, value] of slice) size += key.length + (value?.length ?? 0);
  const bytes = new Uint8Array(size);
  const buffer = Buffer.from(bytes.buffer);
  buffer.writeUInt32LE(slice.length, 0);
  let row = headBytes;
  let at = headBytes + slice.length * rowBytes;
  for (const [table, key, value] of slice) {
    buffer.writeUInt16LE(table, row);
    buffer.writeUInt16LE(key.length, row + 2);
    buffer.writeInt32LE(value?.length ?? -1, row + 4);
    row += rowBytes;
    buffer.write(key, at, 'latin1');
    at += key.length;
    if (value === undefined) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return bytes;
};

/** The values are views into `bytes`. */
export const decodeSlice = (bytes: Uint8Array): StoreWrite[] => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = buffer.readUInt32LE(0);
  const slice: StoreWrite[] = [];
  let at = headBytes + count * rowBytes;
  for (let row = headBytes; slice.length < count; row += rowBytes) {
    const keyEnd = at + buffer.readUInt16LE(row + 2);
    const length = buffer.readInt32LE(row + 4);
    const end = keyEnd + Math.max(0, length);
    slice.push([
      buffer.readUInt16LE(row),
      buffer.toString('latin1', at, keyEnd),
      length < 0 ? undefined : bytes.subarray(keyEnd, end),
    ]);
    at = end;
  }
  return slice;
};
