/** What clients of the register workload ask, and what they are told. */
import type { Outcome } from './tables.ts';

export type Operation =
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'write'; readonly key: string; readonly value: number }
  /** Writes `value` if `expected` stands there. */
  | { readonly kind: 'swap'; readonly key: string; readonly expected: number; readonly value: number }
  /** Adds 1 and, in the same record, sends a message to partition `tell`. */
  | { readonly kind: 'add'; readonly key: string; readonly tell: number };

export type Request = {
  readonly client: number;
  /** Counts this client's requests; a repeat has the same. */
  readonly seq: number;
  readonly partition: number;
  readonly operation: Operation;
};

export type Reply = {
  readonly client: number;
  readonly seq: number;
  /** Undefined: this node does not lead the partition. */
  readonly outcome: Outcome | undefined;
};
