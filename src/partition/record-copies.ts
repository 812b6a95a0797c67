/**
 * Where a replica keeps the bytes of records that stand in a shared log (acknowledged to it as the leader, or applied), so that a
 * log that loses its tail gets it back (scenario P4). As far as the log goes back, it need not: a snapshot covers the rest.
 *
 * Best effort: what was kept last may be gone after a power failure, and a full disk may refuse. What is there is whole.
 */
import type { LogRecord } from '../engine/engine.ts';

export interface RecordCopies {
  /** The positions of the first and the last record kept, 0 if there is none. All in between are kept too. */
  readonly start: number;
  readonly end: number;
  /**
   * Keeps a record. `differs`: other bytes are kept of this position; they stay. One that does not follow the last one takes the
   * place of all before it.
   */
  keep(position: number, bytes: Uint8Array): 'kept' | 'differs';
  /** Records in order from a position on, as many as make a message; none if that one is not kept. */
  read(from: number): Promise<readonly LogRecord[]>;
  /** Drops records at positions below `upTo`; may happen later. */
  trim(upTo: number): void;
}
