/** Copies of bytes, for whoever gets a message of its own: cut from larger pieces, as each piece of memory costs more than a copy. */
const pieceBytes = 64 * 1024;
/** Rows of typed arrays begin at multiples of this. */
const alignBytes = 8;

export class ByteCopies {
  #piece = new Uint8Array(pieceBytes);
  #used = 0;

  /** Shares no memory with `bytes`, or with any other copy. */
  of(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > pieceBytes / 8) return new Uint8Array(bytes);
    if (this.#used + length > pieceBytes) {
      this.#piece = new Uint8Array(pieceBytes);
      this.#used = 0;
    }
    const copy = new Uint8Array(this.#piece.buffer, this.#used, length);
    copy.set(bytes);
    this.#used += Math.ceil(length / alignBytes) * alignBytes;
    return copy;
  }
}
