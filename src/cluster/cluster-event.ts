/** What comes into the core of one node of a cluster, and what comes out of it. */
import type { TuttiError } from '../errors/tutti-error.ts';
import type { PartitionCommand, PartitionEnd, PartitionState } from './claims.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { PlacementWish } from './map-wishes.ts';

/** What a node says of itself. */
export type OwnHealth = Pick<Heartbeat, 'healthy' | 'queued' | 'ailment' | 'loads' | 'troubles'>;

export const healthOf = ({ healthy, queued, ailment, loads, troubles }: OwnHealth): OwnHealth => ({
  ...{ healthy, queued },
  ...(ailment === undefined ? {} : { ailment }),
  ...(loads === undefined ? {} : { loads }),
  ...(troubles === undefined ? {} : { troubles }),
});

/** What the node has of a partition now, and why it ended, where it ended against its will. */
export type PartitionChange = {
  readonly partition: number;
  readonly state: PartitionState;
  readonly ended: PartitionEnd | undefined;
};

export type ClusterEvent =
  /** The log of maps was read to its end, by a read that began then; undefined: it holds none. */
  | { readonly kind: 'map'; readonly map: ClusterMap | undefined; readonly beganMs: number }
  /** An append was answered, in whatever way: what stands in the log is read next. */
  | { readonly kind: 'proposed' }
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat }
  /** The connection to the run of another node ended that joined with this token. */
  | { readonly kind: 'closed'; readonly token: string }
  | {
      readonly kind: 'partitions';
      /** In the order in which they came; of one partition there may be several. */
      readonly changes: readonly PartitionChange[];
    }
  /** Whether canary tasks come through here, and how much waits. */
  | ({ readonly kind: 'health' } & OwnHealth)
  /** A person wants a partition to be led somewhere else, or not to be moved. */
  | { readonly kind: 'wish'; readonly wish: PlacementWish }
  /** Give away everything and leave. */
  | { readonly kind: 'drain' }
  /** Time has come, and how far the partitions are in which the node has a part. */
  | { readonly kind: 'time'; readonly states: readonly (readonly [partition: number, state: PartitionState])[] };

export type ClusterEffect =
  | PartitionCommand
  | { readonly kind: 'publish'; readonly heartbeat: Heartbeat }
  /** Read the log of maps from the newest one known; tell with `map`. */
  | { readonly kind: 'readMap' }
  /** Append this map after the newest one known; tell with `proposed`. */
  | { readonly kind: 'appendMap'; readonly map: ClusterMap }
  /** Append this map, which was in the log before, behind what it shows now; tell with `proposed`. `shown`: what that was. */
  | { readonly kind: 'putBackMap'; readonly map: ClusterMap; readonly shown: ClusterMap | undefined }
  /** It is done. With an error it steps aside: it is to let go of all partitions at once. */
  | { readonly kind: 'stop'; readonly error: TuttiError | undefined };
