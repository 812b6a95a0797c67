import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  decodeFrame,
  EntryKind,
  encodeFrame,
  frameAlignBytes,
  frameLength,
  paddedLength,
  stampFrame,
} from './frame.ts';

const segment = { number: 7, salt: 0x1c0ffee1 };
const entries = [
  { log: 3, kind: EntryKind.record, position: 2 ** 40 + 5, bytes: Buffer.from('first') },
  { log: 0xffff, kind: EntryKind.carried, position: 1, bytes: Buffer.alloc(0) },
  { log: 0, kind: EntryKind.start, position: 9, bytes: Buffer.alloc(0) },
  { log: 0, kind: EntryKind.firstFrame, position: 12, bytes: Buffer.alloc(0) },
  { log: 1, kind: EntryKind.record, position: 10, bytes: Buffer.alloc(5000, 0xa5) },
];

const make = (): Buffer => {
  const buffer = Buffer.alloc(4 * frameAlignBytes, 0xee);
  const length = encodeFrame(buffer, { number: 2 ** 33 + 1, durable: 2 ** 33, previousCrc: 77 }, entries, () => {});
  stampFrame(buffer, segment);
  return buffer.subarray(0, paddedLength(length));
};

it('decodes what was encoded, at any place of a segment', () => {
  const frame = make();
  const whole = Buffer.concat([Buffer.alloc(frameAlignBytes), frame, Buffer.alloc(frameAlignBytes, 0xff)]);
  const decoded = decodeFrame(whole, frameAlignBytes, segment)!;
  expect(decoded).toMatchObject({ number: 2 ** 33 + 1, durable: 2 ** 33, previousCrc: 77, offset: frameAlignBytes });
  expect(decoded.length).toBe(frameLength(5, 5005));
  expect(
    decoded.entries.map(({ offset, length, crc, ...entry }) => ({
      ...entry,
      bytes: whole.subarray(offset, offset + length),
    })),
  ).toEqual(entries);
});

it('is a fixed format: other bytes need a new version and a line of history', () => {
  expect(createHash('sha256').update(make()).digest('hex')).toBe(
    '5c31d65214272d509ff9816eb7fc8d921266d3de59ab4574f828d4e92d7c070f',
  );
});

it('takes no frame of another segment, nor of another life of the same file', () => {
  const frame = make();
  expect(decodeFrame(frame, 0, { ...segment, number: 8 })).toBeUndefined();
  expect(decodeFrame(frame, 0, { ...segment, salt: 1 })).toBeUndefined();
});

it('takes no frame with any bit flipped, and none that ends early', () => {
  const frame = make();
  const length = frameLength(5, 5005);
  for (let at = 0; at < length; at++) {
    for (const bit of at < 400 ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << (at % 8)]) {
      frame[at]! ^= bit;
      expect(decodeFrame(frame, 0, segment), `byte ${at}, bit ${bit}`).toBeUndefined();
      frame[at]! ^= bit;
    }
  }
  for (let end = 0; end < length; end++) expect(decodeFrame(frame.subarray(0, end), 0, segment)).toBeUndefined();
  expect(decodeFrame(frame.subarray(0, length), 0, segment)).toBeDefined();
});
