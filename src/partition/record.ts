/**
 * One record of a partition's log: a fixed header, then a payload of row writes. The format is fixed from its first version;
 * a change needs a new `recordFormat` (a test hashes known records). Every format keeps the first eight bytes as they are,
 * so that a record of a newer one is told from damage.
 *
 * | offset | field | |
 * | --- | --- | --- |
 * | 0 | checksum u32 | CRC-32 of everything from offset 4 |
 * | 4 | format u8 | `recordFormat` |
 * | 5 | flags u8 | bit 0: a trace id follows the header; bit 1: at this checkpoint every replica makes a digest of its state |
 * | 6 | kind u8 | `recordKind` |
 * | 7 | u8 | 0 |
 * | 8 | link u32 | checksum of the last record before it that counted |
 * | 12 | key id u32 | 0: not encrypted |
 * | 16 | log id u32 × 2 | chosen when the log was made |
 * | 24 | epoch f64 | position of the epoch record under which it was written |
 * | 32 | durable f64 | the position its writer knew to be durable |
 * | 40 | time f64 | milliseconds; never goes back |
 * | 48 | trace id, 16 bytes | only with flag bit 0 |
 *
 * Versions: 1, the first. A kind or a flag that is added leaves the format as it is: whoever does not know it refuses the record.
 */
import { pack, unpack } from 'msgpackr';
import { TuttiError } from '../errors/tutti-error.ts';
import { crc32 } from '../platform/crc32.ts';

export const recordFormat = 1;
/**
 * `checkpoint`: a data record after which the store is flushed, exactly up to and with it. `handOver`: the last one of a
 * leader that gives its partition away; the name of who is to lead next stands in it (`chain.ts`).
 */
export const recordKind = { data: 0, epoch: 1, checkpoint: 2, handOver: 3 } as const;
export type RecordKind = (typeof recordKind)[keyof typeof recordKind];

const headerBytes = 48;
const traceBytes = 16;
const checksumFrom = 4;
const traced = 1;
const digested = 2;
const kindMax = recordKind.handOver;

/** Identifies a log over its whole life, so that one made anew under the same name is told apart (scenario P10). */
export type LogId = readonly [high: number, low: number];

export const sameLog = (a: LogId, b: LogId): boolean => a[0] === b[0] && a[1] === b[1];

export type RecordHeader = {
  readonly kind: RecordKind;
  readonly logId: LogId;
  readonly link: number;
  readonly keyId: number;
  readonly epoch: number;
  readonly durable: number;
  readonly time: number;
  readonly traceId: Uint8Array | undefined;
  readonly checksum: number;
  readonly digest: boolean;
};

/** Row writes: `[table number, key, fields | null, …]`; null deletes. */
export type RowWrites = unknown[];

export type EncodedRecord = { readonly bytes: Uint8Array; readonly checksum: number };

/** Encodes a record. An epoch record has no writes; what stands in their place is its own (`chain.ts`). */
export const encodeRecord = (
  header: Omit<RecordHeader, 'checksum' | 'keyId' | 'traceId' | 'digest'> & { readonly digest?: boolean },
  writes: RowWrites,
): EncodedRecord => {
  const body = writes.length === 0 ? undefined : pack(writes);
  const bytes = Buffer.allocUnsafe(headerBytes + (body?.length ?? 0));
  bytes[4] = recordFormat;
  bytes[5] = header.digest ? digested : 0;
  bytes[6] = header.kind;
  bytes[7] = 0;
  bytes.writeUInt32LE(header.link, 8);
  bytes.writeUInt32LE(0, 12);
  bytes.writeUInt32LE(header.logId[0], 16);
  bytes.writeUInt32LE(header.logId[1], 20);
  bytes.writeDoubleLE(header.epoch, 24);
  bytes.writeDoubleLE(header.durable, 32);
  bytes.writeDoubleLE(header.time, 40);
  if (body !== undefined) bytes.set(body, headerBytes);
  const checksum = crc32(bytes.subarray(checksumFrom));
  bytes.writeUInt32LE(checksum, 0);
  return { bytes, checksum };
};

/**
 * Reads a header and verifies the checksum. Throws `LOG_DAMAGED` for bytes that are no record, `DATA_FORMAT` for a whole
 * record that this version does not understand.
 */
export const decodeHeader = (bytes: Uint8Array, position: number): RecordHeader => {
  if (bytes.length < headerBytes) throw damaged(position, 'is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const checksum = view.getUint32(0, true);
  if (crc32(bytes.subarray(checksumFrom)) !== checksum) throw damaged(position, 'does not match its checksum');
  const format = view.getUint8(4);
  if (format !== recordFormat) throw unknownFormat(position, `format ${format}`, `format ${recordFormat}`);
  const flags = view.getUint8(5);
  if ((flags & ~(traced | digested)) !== 0) throw unknownFormat(position, `flags ${flags}`, 'only the first two flags');
  const kind = view.getUint8(6);
  if (kind > kindMax) throw unknownFormat(position, `kind ${kind}`, `kinds up to ${kindMax}`);
  const keyId = view.getUint32(12, true);
  if (keyId !== 0) throw unknownFormat(position, `encryption key ${keyId}`, 'records that are not encrypted');
  if ((flags & traced) !== 0 && bytes.length < headerBytes + traceBytes) throw damaged(position, 'is too short');
  return {
    kind: kind as RecordKind,
    checksum,
    digest: (flags & digested) !== 0,
    link: view.getUint32(8, true),
    keyId,
    logId: [view.getUint32(16, true), view.getUint32(20, true)],
    epoch: view.getFloat64(24, true),
    durable: view.getFloat64(32, true),
    time: view.getFloat64(40, true),
    traceId: (flags & traced) === 0 ? undefined : bytes.subarray(headerBytes, headerBytes + traceBytes),
  };
};

/** The writes of a record whose header was verified. */
export const decodeWrites = (bytes: Uint8Array, header: RecordHeader): RowWrites => {
  const from = headerBytes + (header.traceId === undefined ? 0 : traceBytes);
  return bytes.length === from ? [] : (unpack(bytes.subarray(from)) as RowWrites);
};

/** A row as the store keeps it. */
export const encodeRow = (fields: readonly unknown[]): Uint8Array => pack(fields);
export const decodeRow = (bytes: Uint8Array): readonly unknown[] => unpack(bytes) as readonly unknown[];

const damaged = (position: number, what: string): TuttiError =>
  new TuttiError('LOG_DAMAGED', `The record at position ${position} ${what}: the log is damaged there.`, {
    details: { position },
  });

const unknownFormat = (position: number, found: string, known: string): TuttiError =>
  new TuttiError(
    'DATA_FORMAT',
    `The record at position ${position} has ${found}; this version of Tutti knows ${known}. Use the version that wrote it, or a newer one.`,
    { details: { position, found, known } },
  );
