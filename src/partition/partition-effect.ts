/** What a partition is opened with, what it is at a time, and what it wants done: the words between the core and its host. */
import type { StoreReader } from '../store/store.ts';
import type { Entry } from './pipeline.ts';
import type { LogId } from './record.ts';
import type { TableSet } from './table.ts';

export type PartitionOptions = {
  readonly partition: number;
  /** Records this leader keeps under way at most. */
  readonly window: number;
  /** The largest window any leader of this log may have used. */
  readonly carefulWindow: number;
  readonly shared: boolean;
  readonly store: StoreReader;
  readonly tables: TableSet;
  /** Random, and new for each `Partition`: it tells this one's claim from another's, and is the log's id if the log is new. */
  readonly newLogId: LogId;
  /** `follow`: as a standby, until it is told to claim. The default is `lead`. */
  readonly begin?: 'lead' | 'follow';
  /** What this replica is called, if a hand-over may name it. */
  readonly name?: string;
  /** Others may know more of the log than it shows: `survey` before a claim. */
  readonly surveys?: boolean;
};

export type Role = 'following' | 'reading' | 'claiming' | 'leading' | 'handingOver' | 'handedOver' | 'fenced';

export type PartitionEffect<Output> =
  /** Append `entry.bytes` after `entry.after`; tell `appendResult`. With `again` the same bytes were sent before: pause a little. */
  | { readonly kind: 'append'; readonly entry: Entry<Output>; readonly again: boolean }
  /** Read records from a position; tell `readResult`. */
  | { readonly kind: 'read'; readonly from: number }
  /** The log was read to its end, as far as can be seen: find out how far it must reach, and tell `surveyed`.
   * `given`: its leader gave the partition to this replica, and it ends there: it is enough to ask other replicas. */
  | { readonly kind: 'survey'; readonly given: boolean }
  /** All that can be seen was read: `poll` when there may be more. `soon`: there should be, or nobody tells of it. */
  | { readonly kind: 'wait'; readonly soon: boolean }
  /** Of a shared log: this record stands there for good; it was acknowledged, or read and applied. */
  | { readonly kind: 'stands'; readonly position: number; readonly bytes: Uint8Array }
  /** It leads: `transact` may be called. */
  | { readonly kind: 'leading'; readonly epoch: number }
  /** Let these out, in order. */
  | { readonly kind: 'release'; readonly outputs: readonly Output[] }
  /** Write `frozenWrites()` to the store, then the marker, renew the reader, and call `flushed`; with `digest` make one then. */
  | { readonly kind: 'flush'; readonly position: number; readonly note: Uint8Array; readonly digest: boolean }
  /** A standby's claim came second: it follows again. */
  | { readonly kind: 'beaten'; readonly epoch: number }
  /** A standby read that the leader gave the partition to `to`; if that is its own name, it claims. */
  | { readonly kind: 'handOver'; readonly to: string }
  /** This leader's hand-over is durable: it appends nothing any more. */
  | { readonly kind: 'handedOver'; readonly to: string }
  /** A newer leader took over. `dropped` were never let out; with `certain` what they tell of was certainly not applied. */
  | { readonly kind: 'fenced'; readonly certain: boolean; readonly dropped: readonly Output[] };
