/**
 * Messages that are longer than one may be: cut into pieces, and put together again. Pure: whoever uses it says what time it is.
 *
 * What is not complete is bounded: the oldest is dropped when it is too old, or when there are too many bytes of all. The bus may
 * lose messages.
 */
import { limits } from '../../limits.ts';

/** `id` is unique for the message; `index` runs from 0. */
export type Piece = { readonly id: string; readonly index: number; readonly count: number; readonly bytes: Uint8Array };

export const cut = (id: string, bytes: Uint8Array, pieceBytes: number): readonly Piece[] => {
  const count = Math.max(1, Math.ceil(bytes.length / pieceBytes));
  return Array.from({ length: count }, (_, index) => ({
    id,
    index,
    count,
    bytes: bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  }));
};

/** A piece's place, as it stands in a header. */
export const placeText = ({ id, index, count }: Piece): string => `${id} ${index} ${count}`;

/** Undefined for what no `placeText` has written. */
export const parsePlace = (text: string): Omit<Piece, 'bytes'> | undefined => {
  const found = /^(\S+) (\d{1,6}) (\d{1,6})$/.exec(text);
  if (found === null) return undefined;
  const place = { id: found[1] as string, index: Number(found[2]), count: Number(found[3]) };
  return place.index < place.count ? place : undefined;
};

type Unfinished = {
  readonly began: number;
  readonly count: number;
  readonly parts: Map<number, Uint8Array>;
  sizeBytes: number;
};

export class Assembly {
  readonly #maxBytes: number;
  readonly #maxMs: number;
  readonly #unfinished = new Map<string, Unfinished>();
  #bytes = 0;

  constructor(maxBytes: number = limits.busAssemblyBytesMax, maxMs: number = limits.busAssemblyMs) {
    this.#maxBytes = maxBytes;
    this.#maxMs = maxMs;
  }

  /** Bytes of pieces that wait for others. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /** The whole message if this piece was the last that was missing. Keeps `piece.bytes`. `now` never goes back. */
  add(piece: Piece, now: number): Uint8Array | undefined {
    this.#dropOld(now);
    let message = this.#unfinished.get(piece.id);
    if (message === undefined) {
      message = { began: now, count: piece.count, parts: new Map(), sizeBytes: 0 };
      this.#unfinished.set(piece.id, message);
    }
    if (message.count !== piece.count || message.parts.has(piece.index)) return undefined;
    message.parts.set(piece.index, piece.bytes);
    message.sizeBytes += piece.bytes.length;
    this.#bytes += piece.bytes.length;
    if (message.parts.size === message.count) {
      this.#drop(piece.id, message);
      return joined(message);
    }
    for (const [id, oldest] of this.#unfinished) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(id, oldest);
    }
    return undefined;
  }

  #dropOld(now: number): void {
    for (const [id, message] of this.#unfinished) {
      if (now - message.began < this.#maxMs) break;
      this.#drop(id, message);
    }
  }

  #drop(id: string, message: Unfinished): void {
    this.#unfinished.delete(id);
    this.#bytes -= message.sizeBytes;
  }
}

const joined = ({ parts, sizeBytes, count }: Unfinished): Uint8Array => {
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const part = parts.get(index) as Uint8Array;
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
