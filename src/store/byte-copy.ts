/**
 * Copies of small byte strings out of a buffer that is about to be reused, cut from larger pieces of memory: an ArrayBuffer
 * per row costs five times as much as the copy.
 */
const pieceBytes = 32 * 1024;
/** Above this a copy gets memory of its own, so that a piece is not kept alive by few long rows. */
const pooledBytesMax = pieceBytes / 8;

let piece = new Uint8Array(0);
let pieceUsedBytes = 0;
/** The last source as a plain Uint8Array: `subarray` of a Buffer is several times slower. */
let plainSource = new Uint8Array(0);

/** The first `sizeBytes` of `source`. The result's `buffer` is shared with other copies. */
export const copyBytes = (source: Uint8Array<ArrayBuffer>, sizeBytes: number): Uint8Array => {
  if (plainSource.buffer !== source.buffer || plainSource.byteOffset !== source.byteOffset) {
    plainSource = new Uint8Array(source.buffer, source.byteOffset);
  }
  const bytes = plainSource.subarray(0, sizeBytes);
  if (sizeBytes > pooledBytesMax) return bytes.slice();
  if (pieceUsedBytes + sizeBytes > piece.length) {
    piece = new Uint8Array(pieceBytes);
    pieceUsedBytes = 0;
  }
  const copy = piece.subarray(pieceUsedBytes, pieceUsedBytes + sizeBytes);
  copy.set(bytes);
  pieceUsedBytes += sizeBytes;
  return copy;
};
