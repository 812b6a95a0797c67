/**
 * The cluster map: who the members are and who is to lead which partition. Every node folds the same map from a small log of
 * its own and follows what stands there, never a computation of its own (scenario L3). Plain data; nothing changes one in place.
 *
 * - M1: members are ordered by id, ids are unique.
 * - M2: a partition's leader is no standby of it. No leader ('') and no standbys: nobody was there to be named.
 * - M3: `version` grows by one with each record; an assignment's version with each change of it.
 */

/** The newest formats that this version writes. */
export const newestFeatureLevel = 1;

/**
 * - `joining`: it is there and is given nothing yet; one that fell out and comes back stays so for a quiet time.
 * - `up`: it holds what is assigned to it.
 * - `draining`: it gives away what it holds, and is given nothing.
 * - `left`: it holds nothing and went of its own will.
 * - `dead`: the others found it gone.
 */
export type MemberState = 'joining' | 'up' | 'draining' | 'left' | 'dead';

/** What a node says of itself when it joins. */
export type MemberInfo = {
  /** The same over restarts. */
  readonly id: string;
  /** Random, new with each start: tells this run of the node from another one. */
  readonly token: string;
  /** Where it is, the largest place first: `eu/zone-1`. */
  readonly location: string;
  /** Its share of the work, a positive integer: a member of weight 2 gets twice what one of weight 1 gets. */
  readonly weight: number;
  /** The version of the app that it runs; what that version can do stands in `apps`. */
  readonly app: string;
  /** The newest formats that it knows. */
  readonly featureLevel: number;
};

export type Member = MemberInfo & {
  /** Which joining of the cluster it was: a later run of a node has a higher one, also after it had left. */
  readonly incarnation: number;
  readonly state: MemberState;
  /** How often it fell out lately: the more, the longer it waits before it is given anything. */
  readonly deaths: number;
};

export type Assignment = {
  readonly leader: string;
  readonly standbys: readonly string[];
  readonly version: number;
  /** A place (`eu`, `eu/zone-1`, `eu/zone-1/n3`) in which it is to be led; '': anywhere. */
  readonly pinned: string;
  /** Nothing is moved but what must be. */
  readonly throttled: boolean;
  /** What it costs to lead it, beside the other partitions, as was measured: a positive integer. Left out: 1. */
  readonly cost?: number;
};

export type ClusterSettings = {
  /** Fixed when the cluster is made. */
  readonly partitions: number;
  /** Standbys beside each leader, where there are as many nodes. */
  readonly standbys: number;
  /** How many partitions may be on the move at once; 0: none is moved but what must be. */
  readonly movesMax: number;
};

export type ClusterMap = {
  readonly version: number;
  /** Chosen when the cluster was made. */
  readonly clusterId: string;
  /** Nothing newer than this is written anywhere. */
  readonly featureLevel: number;
  readonly settings: ClusterSettings;
  /** How often a node has joined. */
  readonly joins: number;
  readonly members: readonly Member[];
  /** By number. */
  readonly partitions: readonly Assignment[];
  /** Names of what each version of the app can run, for versions that a member runs. */
  readonly apps: Readonly<Record<string, readonly string[]>>;
  /** The data folder that its first tasks are from, where it was made from one. */
  readonly origin?: Origin;
};

/** `folder`: its id. Until it is `taken`, nobody takes part (`cluster-origin.ts`). */
export type Origin = { readonly folder: string; readonly taken: boolean };

/** Nodes may take part: what the cluster begins with is all there. */
export const isOpen = (map: ClusterMap): boolean => map.origin?.taken !== false;

/** The map of a cluster that nobody has joined yet. */
export const newClusterMap = (clusterId: string, featureLevel: number, settings: ClusterSettings): ClusterMap => ({
  version: 0,
  clusterId,
  featureLevel,
  settings,
  joins: 0,
  members: [],
  partitions: Array.from({ length: settings.partitions }, () => ({
    leader: '',
    standbys: [],
    version: 0,
    pinned: '',
    throttled: false,
  })),
  apps: {},
});

export const memberOf = (map: ClusterMap, id: string): Member | undefined =>
  map.members.find((member) => member.id === id);

export const versionOf = (map: ClusterMap | undefined): number => map?.version ?? 0;

/** It takes part: others hear of it, and it holds what is assigned to it or will. */
export const takesPart = ({ state }: Member): boolean => state === 'joining' || state === 'up' || state === 'draining';

/** The map with a member added or changed. */
export const withMember = (map: ClusterMap, member: Member): ClusterMap => ({
  ...map,
  members: [...map.members.filter(({ id }) => id !== member.id), member].sort((a, b) => (a.id < b.id ? -1 : 1)),
});

/** The member is named as leader or standby somewhere. */
export const isAssigned = (map: ClusterMap, id: string): boolean =>
  map.partitions.some(({ leader, standbys }) => leader === id || standbys.includes(id));

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

/** The map with other leaders and standbys; assignments that stay the same keep their version. */
export const withPlaces = (
  map: ClusterMap,
  places: readonly { readonly leader: string; readonly standbys: readonly string[] }[],
): ClusterMap => ({
  ...map,
  partitions: map.partitions.map((before, partition) => {
    const { leader, standbys } = places[partition] ?? before;
    if (leader === before.leader && sameList(standbys, before.standbys)) return before;
    return { ...before, leader, standbys, version: before.version + 1 };
  }),
});
