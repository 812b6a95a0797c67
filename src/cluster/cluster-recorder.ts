/**
 * What one node remembers of its cluster to show it: moves as they happen, and since when something is not as it should be. It is
 * told how things are after each event and decides nothing. Times are of the monotonic clock.
 *
 * - V1: nothing is recorded before the node has heard of every member, or waited for it: what was so before it came is no news.
 * - V2: a partition is without leader from when that one was last heard, where it fell silent; else from when it was seen.
 * - V3: a partition is looked at anew only when something of what the look depends on is another than before: else all heartbeats of a large
 *   cluster would be gone through for each one of them.
 */
import { limits } from '../limits.ts';
import type { ClusterFaultKind, ClusterMove, ClusterPartitionOverview } from '../protocol/cluster-overview.ts';
import type { Claims, PartitionState } from './claims.ts';
import type { OwnHealth } from './cluster-event.ts';
import { type Assignment, type ClusterMap, type Member, takesPart } from './cluster-map.ts';
import type { ClusterTimes } from './cluster-times.ts';
import type { Heartbeat, PartitionFailure } from './heartbeat.ts';
import type { Holding } from './holdings.ts';
import { type PartitionScan, scanPartition } from './partition-scan.ts';
import type { Peers } from './peers.ts';

export type Move = Omit<ClusterMove, 'at'> & { readonly atMs: number };

/** Something that is not as it should be, for as long as it is so. */
export type Condition = {
  readonly kind: ClusterFaultKind;
  readonly member: string | undefined;
  readonly partition: number | undefined;
  readonly sinceMs: number;
};

export type UnderWay = Pick<NonNullable<ClusterPartitionOverview['underWay']>, 'what' | 'member'> & {
  readonly sinceMs: number;
};

/** A partition failed here, or at a member that said so. */
export type Failure = PartitionFailure & { readonly member: string; readonly atMs: number };

/** How things are at a moment. */
type Look = {
  readonly map: ClusterMap;
  /** What the node says of itself. */
  readonly health: OwnHealth;
  readonly nowMs: number;
};

/** All that the look at a partition depends on. While each is the same as at the last look, that would find nothing new (V3). */
type Sources = {
  readonly assignment: Assignment | undefined;
  readonly own: PartitionState;
  readonly holdings: readonly Holding[];
  readonly newestEpoch: number;
  readonly presence: number;
};

const sameSources = (one: Sources | undefined, other: Sources): boolean =>
  one?.assignment === other.assignment &&
  one?.own === other.own &&
  one.holdings === other.holdings &&
  one.newestEpoch === other.newestEpoch &&
  one.presence === other.presence;

type Partition = {
  /** Of the last look. */
  sources: Sources | undefined;
  led: { readonly member: string; readonly epoch: number } | undefined;
  /** That nobody leads it (V2). */
  unled: Condition | undefined;
  /** Standbys that lag. */
  lagging: readonly Condition[];
  underWay: UnderWay | undefined;
};

const none: readonly Condition[] = [];

/** As many failures as a heartbeat tells of. */
const failuresTold = 8;

export class ClusterRecorder {
  readonly self: string;
  readonly peers: Peers;
  readonly #times: ClusterTimes;
  readonly #claims: Claims;
  readonly #moves: Move[] = [];
  readonly #partitions: Partition[] = [];
  readonly #failures: Failure[] = [];
  /** Of members, by id. */
  #troubled = new Map<string, Condition>();
  #map: ClusterMap | undefined;
  #members = new Map<string, Member>();
  #told = new Map<string, number>();
  #settled = false;
  #moveCount = 0;
  #readMs: number | undefined;
  #echoMs: number | undefined;

  constructor(self: string, times: ClusterTimes, peers: Peers, claims: Claims) {
    this.self = self;
    this.#times = times;
    this.peers = peers;
    this.#claims = claims;
  }

  /** Who has what of each partition now. */
  scan(map: ClusterMap, nowMs: number): readonly PartitionScan[] {
    return map.partitions.map((_, partition) => this.#scan(partition, this.#sourcesOf(partition, map), nowMs));
  }

  #sourcesOf(partition: number, map: ClusterMap): Sources {
    return {
      assignment: map.partitions[partition],
      own: this.#claims.state(partition),
      holdings: this.peers.holdings(partition),
      newestEpoch: this.#claims.newestEpoch(partition),
      presence: this.peers.presence,
    };
  }

  #scan(partition: number, { own, holdings, newestEpoch }: Sources, nowMs: number): PartitionScan {
    const there = holdings.filter(({ member }) => this.peers.isThere(member, nowMs));
    if (own.role !== 'none') there.unshift({ member: this.self, report: { partition, ...own } });
    return scanPartition(there, newestEpoch);
  }

  /** The newest first. */
  get moves(): readonly Move[] {
    return this.#moves;
  }

  get conditions(): readonly Condition[] {
    const ofPartitions = this.#partitions.flatMap(({ unled, lagging }) => [
      ...(unled === undefined ? [] : [unled]),
      ...lagging,
    ]);
    return [...this.#troubled.values(), ...ofPartitions];
  }

  /** The newest first; those that happened here, and those of which others have told. */
  get failures(): readonly Failure[] {
    return this.#failures;
  }

  /** When the read of the map began that ended last. */
  get readMs(): number | undefined {
    return this.#readMs;
  }

  /** When the node last heard its own heartbeat. */
  get echoMs(): number | undefined {
    return this.#echoMs;
  }

  /** For the heartbeats. */
  ownFailures(): Pick<Heartbeat, 'failures'> {
    const own = this.#failures.filter(({ member }) => member === this.self).slice(0, failuresTold);
    return own.length === 0 ? {} : { failures: own.map(({ partition, code }) => ({ partition, code })) };
  }

  underWay(partition: number): UnderWay | undefined {
    return this.#partitions[partition]?.underWay;
  }

  /** Since when each of these is so, of which it is told now and then; what is not told any more is forgotten. */
  since(keys: readonly string[], nowMs: number): ReadonlyMap<string, number> {
    this.#told = new Map(keys.map((key) => [key, this.#told.get(key) ?? nowMs]));
    return this.#told;
  }

  mapRead(beganMs: number): void {
    this.#readMs = beganMs;
  }

  heardItself(nowMs: number): void {
    this.#echoMs = nowMs;
  }

  /** The log of maps lost what this node knew: that was put back, or others had begun anew. */
  mapLost(what: 'putBack' | 'madeAnew', nowMs: number): void {
    this.#add({ what, atMs: nowMs, partition: undefined, from: undefined, to: undefined, tookMs: undefined });
  }

  failed(failure: Failure): void {
    const { member, partition, code } = failure;
    const known = this.#failures.some(
      (own) => own.member === member && own.partition === partition && own.code === code,
    );
    if (!known) this.#failures.unshift(failure);
    this.#failures.length = Math.min(this.#failures.length, limits.clusterNotesKept);
  }

  look(map: ClusterMap, health: OwnHealth, nowMs: number): void {
    this.#forgetFailures(nowMs);
    const look: Look = { map, health, nowMs };
    for (const member of map.members) this.#lookAtMember(member, look);
    if (map !== this.#map) this.#follow(map, nowMs);
    for (const partition of map.partitions.keys()) this.#lookAtPartition(partition, look);
    // Of those that were not heard yet it was all the same so before (V1).
    this.#settled ||= map.members.every((member) => !takesPart(member) || this.peers.isKnown(member.id, nowMs));
  }

  /** Takes the members of another map. */
  #follow(map: ClusterMap, nowMs: number): void {
    const members = new Map(map.members.map((member) => [member.id, member]));
    for (const [id, { state }] of this.#members)
      if (!members.has(id) && state !== 'left' && state !== 'dead') this.#addMember('left', id, nowMs);
    for (const id of this.#troubled.keys()) if (!members.has(id)) this.#troubled.delete(id);
    // Of one that was made anew there may be fewer.
    this.#partitions.splice(map.partitions.length);
    this.#map = map;
    this.#members = members;
  }

  /** Own ones after a while, those of others when they tell of them no more. */
  #forgetFailures(nowMs: number): void {
    const kept = this.#failures.filter(({ member, partition, code, atMs }) => {
      if (member === this.self) return nowMs - atMs < limits.clusterFaultKeptMs;
      const told = this.peers.isThere(member, nowMs) ? this.peers.heartbeatOf(member)?.failures : undefined;
      return told?.some((own) => own.partition === partition && own.code === code) === true;
    });
    if (kept.length < this.#failures.length) this.#failures.splice(0, this.#failures.length, ...kept);
  }

  #add(move: Omit<Move, 'number'>): void {
    this.#moves.unshift({ number: ++this.#moveCount, ...move });
    this.#moves.length = Math.min(this.#moves.length, limits.clusterMovesKept);
  }

  // --- Members

  #addMember(what: ClusterMove['what'], id: string, nowMs: number): void {
    if (this.#settled)
      this.#add({ what, atMs: nowMs, partition: undefined, from: undefined, to: id, tookMs: undefined });
  }

  #lookAtMember(member: Member, { health, nowMs }: Look): void {
    const { id, state, incarnation } = member;
    const { peers, self } = this;
    const known = this.#members.get(id);
    if (known?.state !== state || known.incarnation !== incarnation)
      this.#addMember(state === 'joining' ? 'joined' : state, id, nowMs);
    const before = this.#troubled.get(id);
    this.#troubled.delete(id);
    // What held before keeps its beginning.
    const holds = (kind: ClusterFaultKind, sinceMs = nowMs): unknown =>
      this.#troubled.set(id, before?.kind === kind ? before : { kind, member: id, partition: undefined, sinceMs });
    if (state === 'dead') holds('memberDead');
    else if (takesPart(member) && !peers.isThere(id, nowMs)) holds('memberSilent', peers.heardMs(id) ?? nowMs);
    else if (takesPart(member) && (id === self ? health : peers.heartbeatOf(id))?.healthy === false)
      holds('memberUnhealthy');
    for (const failure of peers.heartbeatOf(id)?.failures ?? []) this.failed({ ...failure, member: id, atMs: nowMs });
  }

  // --- Partitions

  #lookAtPartition(partition: number, look: Look): void {
    const { map, nowMs } = look;
    this.#partitions[partition] ??= {
      sources: undefined,
      led: undefined,
      unled: undefined,
      lagging: none,
      underWay: undefined,
    };
    const own = this.#partitions[partition];
    const sources = this.#sourcesOf(partition, map);
    if (sameSources(own.sources, sources)) return;
    own.sources = sources;
    const scan = this.#scan(partition, sources, nowMs);
    const { leader } = scan;
    if (leader === undefined) {
      // V2
      own.unled ??= {
        kind: 'partitionUnled',
        member: own.led?.member,
        partition,
        sinceMs: this.#goneSinceMs(own, nowMs),
      };
      own.lagging = none;
    } else {
      if (own.led?.member !== leader.member || own.led.epoch !== leader.report.epoch) {
        this.#leads(partition, own, leader.member, look);
        own.led = { member: leader.member, epoch: leader.report.epoch };
      }
      own.unled = undefined;
      own.lagging = this.#laggingNow(own, partition, scan, look);
    }
    own.underWay = this.#underWayNow(own, partition, scan, look);
  }

  #goneSinceMs({ led }: Partition, nowMs: number): number {
    const { peers, self } = this;
    if (led === undefined || led.member === self || peers.isThere(led.member, nowMs)) return nowMs;
    return peers.heardMs(led.member) ?? nowMs;
  }

  #leads(partition: number, own: Partition, to: string, { map, nowMs }: Look): void {
    if (!this.#settled) return;
    const from = own.led?.member === to ? undefined : own.led?.member;
    const isThere =
      from !== undefined &&
      this.peers.isThere(from, nowMs) &&
      map.members.some((member) => member.id === from && takesPart(member));
    const what = from === undefined ? 'led' : isThere ? 'handedOver' : 'tookOver';
    const tookMs = own.led === undefined ? undefined : nowMs - (own.unled?.sinceMs ?? nowMs);
    this.#add({ what, atMs: nowMs, partition, from, to, tookMs });
  }

  #laggingNow(
    { lagging }: Partition,
    partition: number,
    { leader, following }: PartitionScan,
    { map, nowMs }: Look,
  ): readonly Condition[] {
    const head = leader?.report.position ?? 0;
    const now = (map.partitions[partition]?.standbys ?? []).filter((member) => {
      if (member === leader?.member || !this.peers.isThere(member, nowMs)) return false;
      const position = following.find((own) => own.member === member)?.report.position ?? 0;
      return position === 0 || position + this.#times.warmRecords < head;
    });
    if (now.length === 0) return none;
    return now.map(
      (member) =>
        lagging.find((condition) => condition.member === member) ??
        ({ kind: 'standbyLags', member, partition, sinceMs: nowMs } as const),
    );
  }

  #underWayNow(
    own: Partition,
    partition: number,
    { leader, closing, claiming }: PartitionScan,
    { map, nowMs }: Look,
  ): UnderWay | undefined {
    const named = map.partitions[partition]?.leader ?? '';
    let now: Omit<UnderWay, 'sinceMs'> | undefined;
    if (leader !== undefined)
      now = leader.member === named || named === '' ? undefined : { what: 'moving', member: named };
    else if (closing !== undefined) now = { what: 'handingOver', member: closing.member };
    else if (claiming !== undefined) now = { what: 'claiming', member: claiming.member };
    else now = { what: 'unled', member: undefined };
    if (now === undefined) return undefined;
    if (now.what === own.underWay?.what && now.member === own.underWay.member) return own.underWay;
    return { ...now, sinceMs: now.what === 'unled' ? (own.unled?.sinceMs ?? nowMs) : nowMs };
  }
}
