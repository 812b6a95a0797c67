/** What the NATS engine is told, and tells. Free of the types of its packages: users' programs see these. */
import type { Env } from '../../platform/env.ts';

/**
 * - `sync`: a server acknowledges before it has synced: a power cut can lose what was acknowledged.
 * - `sync-unseen`: nobody could look.
 * - `server`: connected again, to a server that would have been refused at first.
 * - `refused`: a server says no, to a subject that the user has no right to, or to a record for which it has no room.
 */
export type NatsWarning = {
  readonly kind: 'sync' | 'sync-unseen' | 'server' | 'refused';
  readonly message: string;
};

export type NatsOptions = {
  /** `nats://host:port` of some or all servers; the others are learnt. */
  readonly servers: readonly string[];
  /** What streams and subjects begin with: apps and clusters that share servers are told apart by it. Letters, digits, `_`, `-`. */
  readonly cluster: string;
  /** Copies of each stream; what a cluster was made with. */
  readonly replicas: number;
  /** What this process is called in what servers report. */
  readonly name: string;
  readonly env: Env;
  /** Paths of PEM files; read again for each connection, so that renewed ones are taken up. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly ca: string };
  readonly credentials?: { readonly user: string; readonly password: string } | { readonly nkeySeed: string };
  /** What subjects of answers begin with: a user may be one that does not hear those of others. */
  readonly inboxPrefix?: string;
  /** `http://host:port` of servers' monitoring: without it nobody sees whether they sync. */
  readonly monitors?: readonly string[];
  /** They are known to sync, by whoever configured them. */
  readonly syncs?: boolean;
  readonly recordBytesMax?: number;
  /** To be shown loudly. The engine works, but not as safely as it could. */
  readonly onWarning: (warning: NatsWarning) => void;
};
