/** What the main thread and the node thread tell each other. */
import type { MessagePort } from 'node:worker_threads';
import type { Tuning } from '../execution/state/control.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import type { Overview } from '../protocol/overview.ts';
import type { MembershipSettings, SpecAsked, ToSpecs } from './member-control.ts';

/** `workerData` of the node thread. */
export type NodeThreadData = {
  /** Address of the app module, imported by every executor. */
  readonly module: string;
  /** Fingerprint of the catalogue that the main thread sees; undefined where it has none. */
  readonly fingerprint: string | undefined;
  /** The data folder; undefined: everything in memory, nothing kept. */
  readonly folder: string | undefined;
  readonly executors: number;
  /** Of each executor. */
  readonly slots: number;
  /** Undefined: as the folder has it, one for a new one. */
  readonly partitions: number | undefined;
  readonly hangLimitMs: number | undefined;
  readonly logLevel: string;
  readonly retentionMs: number;
  readonly retentionTasks: number;
  readonly tuning?: Tuning;
  /** For development: tasks are rehearsed after each step (`execution/executor/rehearsal.ts`). */
  readonly rehearses?: boolean;
  /** It is a node of a cluster. */
  readonly membership?: MembershipSettings;
};

export type ToNodeThread =
  | ToSpecs
  | { readonly kind: 'close' }
  /** The process ends: stand still (`store/parking.ts`). */
  | { readonly kind: 'park'; readonly cell: SharedArrayBuffer }
  /** Answered with a `NodeOverview`. */
  | { readonly kind: 'overview'; readonly request: number }
  /** Where clients reach the node: other nodes of its cluster tell it to theirs. */
  | { readonly kind: 'gateway'; readonly address: string }
  /** The server of the engine beside a cluster's node has told of this. */
  | { readonly kind: 'serverTrouble'; readonly trouble: ServerTrouble }
  /** Ends one executor thread, as a crash would: to show or test that nothing is lost. */
  | { readonly kind: 'killExecutor'; readonly request: number };

/** What the node's threads know: all of an overview but the main thread's own. */
export type NodeOverview = Omit<Overview, 'time'>;

export type FromNodeThread =
  | {
      readonly kind: 'ready';
      readonly client: MessagePort;
      readonly partitions: number;
      readonly names: readonly string[];
    }
  /** It could not start, or had to stop. */
  | { readonly kind: 'failed'; readonly error: string }
  | SpecAsked
  /** Where other nodes' gateways are, when that has changed. */
  | { readonly kind: 'gateways'; readonly addresses: readonly string[] }
  | { readonly kind: 'answer'; readonly request: number; readonly value: unknown }
  | { readonly kind: 'closed' };
