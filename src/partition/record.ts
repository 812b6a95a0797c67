/**
 * One record of a partition's log: a fixed header, then a payload. The format is fixed from its first version; a change of
 * either needs a new `recordFormat` (a test hashes known records).
 *
 * | offset | field | |
 * | --- | --- | --- |
 * | 0 | format u8 | `recordFormat` |
 * | 1 | flags u8 | bit 0: a trace id follows the header |
 * | 2 | kind u8 | `recordKind` |
 * | 3 | u8 | 0 |
 * | 4 | checksum u32 | CRC-32 of everything from offset 8 |
 * | 8 | link u32 | checksum of the last record before it that counted |
 * | 12 | key id u32 | 0: not encrypted |
 * | 16 | log id u32 × 2 | chosen when the log was made |
 * | 24 | epoch f64 | position of the epoch record under which it was written |
 * | 32 | durable f64 | the position its writer knew to be durable |
 * | 40 | time f64 | milliseconds; never goes back |
 * | 48 | trace id, 16 bytes | only with flag bit 0 |
 *
 * Versions: 1, the first.
 */
import { pack, unpack } from 'msgpackr';
import { TuttiError } from '../errors/tutti-error.ts';
import { crc32 } from '../platform/crc32.ts';

export const recordFormat = 1;
export const recordKind = { data: 0, epoch: 1, checkpoint: 2 } as const;
export type RecordKind = (typeof recordKind)[keyof typeof recordKind];

const headerBytes = 48;
const traceBytes = 16;
const checksumFrom = 8;

/** Identifies a log over its whole life, so that one made anew under the same name is told apart (scenario P10). */
export type LogId = readonly [high: number, low: number];

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
};

/** Row writes: `[table number, key, fields | null, …]`; null deletes. */
export type RowWrites = unknown[];

/** Encodes a record. `payload` is row writes, or what an epoch or checkpoint record says. */
export const encodeRecord = (
  header: Omit<RecordHeader, 'checksum' | 'keyId' | 'traceId'>,
  payload: RowWrites,
): { readonly bytes: Uint8Array; readonly checksum: number } => {
  const body = payload.length === 0 ? undefined : pack(payload);
  const bytes = Buffer.allocUnsafe(headerBytes + (body?.length ?? 0));
  bytes[0] = recordFormat;
  bytes[1] = 0;
  bytes[2] = header.kind;
  bytes[3] = 0;
  bytes.writeUInt32LE(header.link, 8);
  bytes.writeUInt32LE(0, 12);
  bytes.writeUInt32LE(header.logId[0], 16);
  bytes.writeUInt32LE(header.logId[1], 20);
  bytes.writeDoubleLE(header.epoch, 24);
  bytes.writeDoubleLE(header.durable, 32);
  bytes.writeDoubleLE(header.time, 40);
  if (body !== undefined) bytes.set(body, headerBytes);
  const checksum = crc32(bytes.subarray(checksumFrom));
  bytes.writeUInt32LE(checksum, 4);
  return { bytes, checksum };
};

/**
 * Reads a header and verifies the checksum. Throws `LOG_DAMAGED` for bytes that are no record, `DATA_FORMAT` for a format
 * this version does not know.
 */
export const decodeHeader = (bytes: Uint8Array, position: number): RecordHeader => {
  if (bytes.length < headerBytes) throw damaged(position, 'is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const checksum = view.getUint32(4, true);
  if (crc32(bytes.subarray(checksumFrom)) !== checksum) throw damaged(position, 'does not match its checksum');
  const format = view.getUint8(0);
  if (format !== recordFormat)
    throw new TuttiError(
      'DATA_FORMAT',
      `The record at position ${position} has format ${format}; this version of Tutti knows format ${recordFormat}. Use the version that wrote it, or a newer one.`,
      { details: { position, format, known: recordFormat } },
    );
  const traced = (view.getUint8(1) & 1) !== 0;
  if (traced && bytes.length < headerBytes + traceBytes) throw damaged(position, 'is too short');
  return {
    kind: view.getUint8(2) as RecordKind,
    checksum,
    link: view.getUint32(8, true),
    keyId: view.getUint32(12, true),
    logId: [view.getUint32(16, true), view.getUint32(20, true)],
    epoch: view.getFloat64(24, true),
    durable: view.getFloat64(32, true),
    time: view.getFloat64(40, true),
    traceId: traced ? bytes.subarray(headerBytes, headerBytes + traceBytes) : undefined,
  };
};

/** The payload of a record whose header was verified. */
export const decodePayload = (bytes: Uint8Array, header: RecordHeader): RowWrites => {
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
