/**
 * The narrow waist: all that Tutti needs from the world below it (DESIGN section 2). Whoever implements these three
 * contracts can carry a node; `conformance.ts` beside this file checks that they do.
 *
 * Positions are integers that belong to the log: the first record of a log stands at 1, each next one higher. `0`
 * means "before the first record".
 */

/** What became of an append. `appended` alone proves anything; the other two prove nothing until the position is read. */
export type AppendResult =
  /** Durable at `position`. */
  | { readonly kind: 'appended'; readonly position: number }
  /** The log said that something else stands there, or will. It may be wrong, or it may have met our own first attempt. */
  | { readonly kind: 'occupied' }
  /** No answer that can be trusted: the bytes may be there, may come later, or never. */
  | { readonly kind: 'unknown'; readonly cause?: unknown };

/** One record as it stands in the log. The bytes belong to the reader and are not changed afterwards. */
export type LogRecord = { readonly position: number; readonly bytes: Uint8Array };

/** An ordered, durable sequence of records: at most one content per position. */
export interface Log {
  /**
   * True where another process can append to the same log, so that a leader must confirm its leadership with an append
   * before it answers a read.
   */
  readonly shared: boolean;
  /**
   * Appends one record right after position `after` (0: as the first one). Many appends may be under way at once, each
   * naming the position that the one before it will take. The caller leaves `bytes` unchanged until the promise
   * settles. Never rejects for what the disk or network does: that is `unknown`. An implementation that can retry by
   * itself (same bytes, same position) does so and settles late.
   */
  append(bytes: Uint8Array, after: number): Promise<AppendResult>;
  /**
   * Reads records in order, beginning at position `from`, at most about `maxBytes` (at least one record where there is
   * one). An empty array: nothing durable stands at `from` as far as this reader can see, which may lag. Throws
   * `LOG_TRIMMED` when `from` lies below the first retained position, `LOG_DAMAGED` (file, offset) on damage.
   */
  read(from: number, maxBytes?: number): Promise<readonly LogRecord[]>;
  /** The position of the last record, 0 if there is none. A hint: it may lag, and may count what later vanishes. */
  end(): Promise<number>;
  /** The first position that can still be read (`end() + 1` if none can). */
  start(): Promise<number>;
  /** Drops records at positions below `upTo`; the last record is always kept. Idempotent; may happen later. */
  trim(upTo: number): Promise<void>;
}

/** Named byte objects, written once and checksummed: snapshots, backups, large values. */
export interface Blobs {
  /** Stores `bytes` durably under `name` (`A–Z a–z 0–9 _ . - /`). The same content again is no error; other content: `BLOB_EXISTS`. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** The bytes, or undefined if there is no such object. Throws `BLOB_DAMAGED` when the checksum does not match. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Names that begin with `prefix`, in ascending order. */
  list(prefix: string): Promise<readonly string[]>;
  /** Removes an object; removing one that is not there is no error. */
  delete(name: string): Promise<void>;
}

/** Messages between nodes. It may lose, repeat and reorder: what must not be lost goes through an outbox (section 3). */
export interface Bus {
  /** Sends to every subscriber of `subject`; nobody listening is no error. */
  publish(subject: string, bytes: Uint8Array): void;
  /** Calls `receive` for each message on `subject` until the returned function is called. */
  subscribe(subject: string, receive: (bytes: Uint8Array) => void): () => void;
  /** One answer from one responder, or `BUS_NO_REPLY` after `timeoutMs`. */
  request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Answers requests on `subject` until the returned function is called. */
  respond(subject: string, answer: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>): () => void;
}
