/**
 * How a cluster does, as one of its nodes sees it. Nodes see the same but for lag: whose heartbeats have come, which map was read
 * last. All lists are bounded (`limits.ts`).
 */

/** As in the cluster map. */
export type MemberStateName = 'joining' | 'up' | 'draining' | 'left' | 'dead';

/** Why a node is to hold nothing: its executors answer nothing, its partitions do not get on, its store takes nothing. */
export type Ailment = 'executors' | 'log' | 'store';

/** What the server of the engine beside a node wrote of what it stores (`engine/nats/server/server-trouble.ts`). */
export type ServerTrouble = 'streamReset' | 'sequenceMismatch' | 'orphanedStream' | 'writeError';

export type ClusterMemberOverview = {
  readonly id: string;
  readonly state: MemberStateName;
  /** Where it is, the largest place first: `eu/zone-1`; '': it does not say. */
  readonly location: string;
  /** Its share of the work beside the others. */
  readonly weight: number;
  /** The version of the app that it runs. */
  readonly app: string;
  readonly incarnation: number;
  /** How often it fell out lately. */
  readonly deaths: number;
  /** It is heard. Oneself always is. */
  readonly heard: boolean;
  /** Since its last heartbeat; undefined: none of this run came, or it is the node that tells. */
  readonly silentMs: number | undefined;
  /** What it says of itself; undefined: it has said nothing yet. */
  readonly healthy: boolean | undefined;
  /** What ails it, where it says so. */
  readonly ailment?: Ailment;
  /** Work that the partitions it leads make, as it measures: changes of tasks a second, lately. */
  readonly load?: number;
  /** Requests and tasks that wait at it, as it says itself. */
  readonly queued: number | undefined;
  /** Partitions that it leads, and follows, as is heard. */
  readonly leads: number;
  readonly follows: number;
  /** Address of its gateway, where that is known. */
  readonly url: string | undefined;
  /** Tasks that other members' apps have and its app has not: the first of them by name, and how many there are. */
  readonly lacks: readonly string[];
  readonly lacksCount: number;
};

export type ClusterStandbyOverview = {
  readonly member: string;
  /** The map names it; else it has a copy that it is about to drop, or to lead. */
  readonly named: boolean;
  /** It applies the log as it grows. */
  readonly following: boolean;
  /** Up to where it has applied the log; undefined: nothing was heard of it. */
  readonly position: number | undefined;
  /** Records behind the leader, as far as both have told: a little more or less than it is. Undefined: nobody leads, or it is not heard. */
  readonly lag: number | undefined;
};

export type ClusterPartitionOverview = {
  readonly partition: number;
  /** Who is to lead it, by the map; '': nobody. */
  readonly named: string;
  /** Who leads it, as is heard. */
  readonly leader: { readonly member: string; readonly epoch: number; readonly position: number } | undefined;
  readonly standbys: readonly ClusterStandbyOverview[];
  /** A place in which it is to be led; '': anywhere. */
  readonly pinned: string;
  readonly throttled: boolean;
  /**
   * What goes on, and since when. `unled`: nobody leads it and nobody claims it. `handingOver`: its leader takes nothing any more.
   * `moving`: it is led by another member than the one that is named, which catches up first.
   */
  readonly underWay:
    | {
        readonly what: 'claiming' | 'handingOver' | 'moving' | 'unled';
        readonly member: string | undefined;
        readonly since: Date;
      }
    | undefined;
};

/** A server of the engine under the cluster. */
export type EngineServerOverview = {
  readonly name: string;
  readonly online: boolean;
  /** It leads the servers. */
  readonly leader: boolean;
  /** How far it is behind, in entries; undefined: that is not known. */
  readonly lag: number | undefined;
};

export type EngineOverview = {
  readonly kind: 'nats';
  /** This node has a connection to it. */
  readonly connected: boolean;
  /** As far as they are known. */
  readonly servers: readonly EngineServerOverview[];
};

export type ClusterFaultKind =
  | 'cutOff'
  | 'memberSilent'
  | 'memberUnhealthy'
  | 'memberDead'
  | 'partitionUnled'
  | 'standbyLags'
  | 'replicaDiffers'
  | 'partitionFailed'
  | 'mapPutBack'
  | 'mapMadeAnew'
  | 'serverDown'
  | 'serverTrouble'
  | 'functionMissing';

export type ClusterFault = {
  readonly kind: ClusterFaultKind;
  /** What it is, in a sentence. */
  readonly what: string;
  /** The member, or the server of the engine, that it is about. */
  readonly member: string | undefined;
  readonly partition: number | undefined;
  readonly since: Date;
};

/**
 * Something that happened: `led`, a partition that nobody led before; `handedOver`, by its leader; `tookOver`, from one that was gone.
 * `putBack` and `madeAnew` are of the cluster map, the others of members.
 */
export type ClusterMove = {
  /** Counts what this run of this node has told, from 1. */
  readonly number: number;
  readonly at: Date;
  readonly what:
    | 'led'
    | 'handedOver'
    | 'tookOver'
    | 'joined'
    | 'up'
    | 'draining'
    | 'left'
    | 'dead'
    | 'putBack'
    | 'madeAnew';
  readonly partition: number | undefined;
  readonly from: string | undefined;
  /** The member that it is about. */
  readonly to: string | undefined;
  /** Milliseconds in which nobody led the partition, as is heard. */
  readonly tookMs: number | undefined;
};

export type ClusterOverview = {
  readonly name: string;
  readonly clusterId: string;
  readonly mapVersion: number;
  readonly featureLevel: number;
  /** The member that tells. */
  readonly self: string;
  readonly settings: { readonly partitions: number; readonly standbys: number; readonly movesMax: number };
  /** Since it last read the map; since it last heard its own heartbeat (undefined: it hears none of its own). */
  readonly mapReadMs: number | undefined;
  readonly echoMs: number | undefined;
  /** In ascending order of ids. */
  readonly members: readonly ClusterMemberOverview[];
  /** By number. */
  readonly partitions: readonly ClusterPartitionOverview[];
  readonly engine?: EngineOverview;
  /** The oldest first. */
  readonly faults: readonly ClusterFault[];
  /** The newest first. */
  readonly moves: readonly ClusterMove[];
};
