/**
 * A marker as stored bytes: format (1 byte), 1 if there is a note (1 byte), position (float64, little-endian), note.
 *
 * Formats: 1, the first. Any change gets a new number; an unknown one is refused with `DATA_FORMAT`.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import type { StoreMarker } from './store.ts';

const format = 1;
const headerBytes = 10;

export const noMarker: StoreMarker = { position: 0, note: undefined };

export const encodeMarker = (marker: StoreMarker): Uint8Array => {
  const bytes = new Uint8Array(headerBytes + (marker.note?.length ?? 0));
  bytes[0] = format;
  bytes[1] = marker.note === undefined ? 0 : 1;
  new DataView(bytes.buffer).setFloat64(2, marker.position, true);
  if (marker.note !== undefined) bytes.set(marker.note, headerBytes);
  return bytes;
};

export const decodeMarker = (bytes: Uint8Array): StoreMarker => {
  if (bytes[0] !== format) {
    throw new TuttiError('DATA_FORMAT', `The store has format ${bytes[0]}; this version knows ${format}.`);
  }
  const position = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(2, true);
  return { position, note: bytes[1] === 1 ? bytes.slice(headerBytes) : undefined };
};
