/**
 * The format of a frame: what one write puts into a segment file, carrying records of many logical logs. Numbers are
 * little-endian.
 *
 * ```
 * header, 48 bytes                          entry, 20 bytes (one after the other behind the header)
 *  0 u32 magic and format version            0 u16 logical log
 *  4 u32 salt of the segment                 2 u8  kind (EntryKind), u8 zero
 *  8 u32 number of the segment               4 u32 length of its bytes
 * 12 u32 CRC of header (but this) + entries  8 u64 position
 * 16 u64 frame number                       16 u32 CRC of its bytes
 * 24 u64 durable: highest frame number the writer knew durable
 * 32 u32 length of the frame in bytes       bytes of the entries (one after the other behind the last entry)
 * 36 u32 count of entries                   zeros up to a multiple of 4096 bytes
 * 40 u32 CRC of the frame before (its field at 12), 0 for the first
 * 44 u32 zero
 * ```
 *
 * M1. Salt and number of the segment stand in every frame, so that what a reused file held before is never read as new,
 *     nor what a record's bytes happen to contain: the salt is chosen when the segment begins, and no user sees it.
 * M2. Frames begin at multiples of 4096: a write never touches a block that holds an acknowledged frame. Measured, a
 *     padded write costs no more than a tight one, because the kernel writes whole blocks anyway.
 * M3. Every byte is under one checksum: an entry's bytes under the entry's, entries and header under the frame's. So a
 *     record read alone can be verified too.
 *
 * History: version 1, the first.
 */
import { crc32 } from 'node:zlib';

/** What an entry says. The numbers are part of the format. */
export const EntryKind = {
  /** A record of a logical log. */
  record: 1,
  /** A copy of a record that stands in an older segment, which is about to be given up. Same bytes, same position. */
  carried: 2,
  /** No bytes: the logical log begins at `position`. */
  start: 3,
  /** No bytes: frames with numbers below `position` are given up. */
  firstFrame: 4,
} as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** One entry to be written. */
export type Entry = {
  readonly log: number;
  readonly kind: EntryKind;
  readonly position: number;
  readonly bytes: Uint8Array;
};

/** One entry as found in a frame; `offset` is where its bytes begin in the segment. */
export type FoundEntry = {
  readonly log: number;
  readonly kind: EntryKind;
  readonly position: number;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
};

/** What tells one life of a segment file from another (M1). */
export type SegmentIdentity = { readonly number: number; readonly salt: number };

export type Frame = {
  readonly number: number;
  readonly durable: number;
  /** Where it begins in its segment. */
  readonly offset: number;
  /** Without the zeros behind it. */
  readonly length: number;
  readonly crc: number;
  readonly previousCrc: number;
  readonly entries: readonly FoundEntry[];
};

const magic = 0x31465454; // "TTF1"
export const frameAlignBytes = 4096;
export const frameHeaderBytes = 48;
export const entryHeaderBytes = 20;

/** The room that a frame of `length` bytes takes in its segment. */
export const paddedLength = (length: number): number => Math.ceil(length / frameAlignBytes) * frameAlignBytes;

/** The length of a frame that carries `count` entries with `bodyBytes` bytes together. */
export const frameLength = (count: number, bodyBytes: number): number =>
  frameHeaderBytes + count * entryHeaderBytes + bodyBytes;

const putU64 = (into: Buffer, at: number, value: number): void => {
  into.writeUInt32LE(value % 0x1_0000_0000, at);
  into.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);
};

const getU64 = (from: Buffer, at: number): number => from.readUInt32LE(at) + from.readUInt32LE(at + 4) * 0x1_0000_0000;

const headCrc = (frame: Buffer, count: number): number =>
  crc32(frame.subarray(16, frameHeaderBytes + count * entryHeaderBytes), crc32(frame.subarray(0, 12)));

/**
 * Writes a frame to the beginning of `into`, which has room for its padded length, but without the segment's identity and
 * the head's checksum: `stampFrame` adds these, again and again if it must. Returns the frame's length; `onEntry` is told
 * where each entry's bytes begin, counted from the frame's beginning, and their checksum.
 */
export const encodeFrame = (
  into: Buffer,
  frame: { readonly number: number; readonly durable: number; readonly previousCrc: number },
  entries: readonly Entry[],
  onEntry: (index: number, offset: number, crc: number) => void,
): number => {
  let body = frameLength(entries.length, 0);
  for (let index = 0; index < entries.length; index++) {
    const { log, kind, position, bytes } = entries[index]!;
    const at = frameHeaderBytes + index * entryHeaderBytes;
    const crc = crc32(bytes);
    into.writeUInt16LE(log, at);
    into.writeUInt16LE(kind, at + 2);
    into.writeUInt32LE(bytes.length, at + 4);
    putU64(into, at + 8, position);
    into.writeUInt32LE(crc, at + 16);
    into.set(bytes, body);
    onEntry(index, body, crc);
    body += bytes.length;
  }
  into.writeUInt32LE(magic, 0);
  putU64(into, 16, frame.number);
  putU64(into, 24, frame.durable);
  into.writeUInt32LE(body, 32);
  into.writeUInt32LE(entries.length, 36);
  into.writeUInt32LE(frame.previousCrc, 40);
  into.writeUInt32LE(0, 44);
  into.fill(0, body, paddedLength(body));
  return body;
};

/** Gives an encoded frame the identity of the segment it goes to. Returns the frame's checksum. */
export const stampFrame = (frame: Buffer, segment: SegmentIdentity): number => {
  frame.writeUInt32LE(segment.salt, 4);
  frame.writeUInt32LE(segment.number, 8);
  const crc = headCrc(frame, frame.readUInt32LE(36));
  frame.writeUInt32LE(crc, 12);
  return crc;
};

/** The frame at `offset` of a segment's bytes, or undefined if no whole and unharmed frame of this segment stands there. */
export const decodeFrame = (segment: Buffer, offset: number, identity: SegmentIdentity): Frame | undefined => {
  if (offset + frameHeaderBytes > segment.length) return undefined;
  const frame = segment.subarray(offset);
  if (frame.readUInt32LE(0) !== magic) return undefined;
  if (frame.readUInt32LE(4) !== identity.salt || frame.readUInt32LE(8) !== identity.number) return undefined;
  const length = frame.readUInt32LE(32);
  const count = frame.readUInt32LE(36);
  if (length > frame.length || frameLength(count, 0) > length) return undefined;
  const crc = frame.readUInt32LE(12);
  if (headCrc(frame, count) !== crc) return undefined;
  const entries: FoundEntry[] = [];
  let body = frameLength(count, 0);
  for (let index = 0; index < count; index++) {
    const at = frameHeaderBytes + index * entryHeaderBytes;
    const entry: FoundEntry = {
      log: frame.readUInt16LE(at),
      kind: frame.readUInt16LE(at + 2) as EntryKind,
      position: getU64(frame, at + 8),
      offset: offset + body,
      length: frame.readUInt32LE(at + 4),
      crc: frame.readUInt32LE(at + 16),
    };
    if (body + entry.length > length) return undefined;
    if (crc32(frame.subarray(body, body + entry.length)) !== entry.crc) return undefined;
    entries.push(entry);
    body += entry.length;
  }
  if (body !== length) return undefined;
  return {
    number: getU64(frame, 16),
    durable: getU64(frame, 24),
    offset,
    length,
    crc,
    previousCrc: frame.readUInt32LE(40),
    entries,
  };
};
