import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeHeader, decodeRow, decodeWrites, encodeRecord, encodeRow, recordKind } from './record.ts';

const header = {
  kind: recordKind.data,
  logId: [0xdeadbeef, 7] as const,
  link: 0x01020304,
  epoch: 4_294_967_297,
  durable: 4_294_967_299,
  time: 1_760_000_000_123,
};
const writes = [7, 'kéy\u0000', ['text', 1, -2.5, null, undefined, ['list', 9]], 9, '', null];

test('a record comes out as it went in', () => {
  const { bytes, checksum } = encodeRecord(header, writes);
  const read = decodeHeader(bytes, 5);
  expect(read).toEqual({ ...header, checksum, digest: false, keyId: 0, traceId: undefined });
  expect(decodeHeader(encodeRecord({ ...header, digest: true }, writes).bytes, 5).digest).toBe(true);
  expect(decodeWrites(bytes, read)).toEqual(writes);
  expect(decodeWrites(encodeRecord(header, []).bytes, read)).toEqual([]);
  expect(decodeRow(encodeRow(['a', 1, undefined, null]))).toEqual(['a', 1, undefined, null]);
});

test('the format of records and rows is fixed: whoever changes it needs a new number', () => {
  const bytes = Buffer.concat([
    encodeRecord(header, writes).bytes,
    encodeRecord({ ...header, kind: recordKind.epoch }, []).bytes,
    encodeRecord({ ...header, kind: recordKind.checkpoint }, [7, 'a', [1]]).bytes,
    encodeRow(['a', 1, undefined, null, 2 ** 40, 'ü']),
  ]);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(
    'aa6291c3c2e1679acb65920f6f862d8a765b52a4efa8f46cadcc576dc4e53d27',
  );
  const added = Buffer.concat([
    encodeRecord({ ...header, kind: recordKind.handOver }, ['n2']).bytes,
    encodeRecord({ ...header, kind: recordKind.checkpoint, digest: true }, []).bytes,
  ]);
  expect(createHash('sha256').update(added).digest('hex')).toBe(
    'f015aae47076e964aaeeeaa0f4bff9f5b946770876fc32c1017177352c411e30',
  );
});

test('no flipped bit goes unnoticed, in the header or after it (P5)', () => {
  const { bytes } = encodeRecord(header, writes);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(() => decodeHeader(flipped, 5)).toThrow(expect.objectContaining({ code: 'LOG_DAMAGED' }));
  }
  for (const length of [0, 47, bytes.length - 1])
    expect(() => decodeHeader(bytes.subarray(0, length), 5)).toThrow(expect.objectContaining({ code: 'LOG_DAMAGED' }));
});

test('a whole record of a format, kind, flag or key that is not known is told from damage', async () => {
  const { crc32 } = await import('../platform/crc32.ts');
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = Buffer.from(encodeRecord(header, writes).bytes);
    bytes[at] = value;
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    return bytes;
  };
  for (const [at, value] of [
    [4, 2],
    [5, 4],
    [6, 4],
    [12, 1],
  ] as const)
    expect(() => decodeHeader(changed(at, value), 5)).toThrow(expect.objectContaining({ code: 'DATA_FORMAT' }));
});

test('a trace id is stepped over', async () => {
  const { crc32 } = await import('../platform/crc32.ts');
  const plain = Buffer.from(encodeRecord(header, writes).bytes);
  const bytes = Buffer.concat([plain.subarray(0, 48), Buffer.alloc(16, 5), plain.subarray(48)]);
  bytes[5] = 1;
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  const read = decodeHeader(bytes, 1);
  expect(read.traceId).toEqual(Buffer.alloc(16, 5));
  expect(decodeWrites(bytes, read)).toEqual(writes);
});
