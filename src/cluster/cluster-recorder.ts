/**
 * What one node remembers of its cluster to show it: moves as they happen, and since when something is not as it should be. It is
 * told how things are after each event and decides nothing. Times are of the monotonic clock.
 *
 * - V1: nothing is recorded before the node has heard of every member, or waited for it: what was so before it came is no news.
 * - V2: a partition is without leader from when that one was last heard, where it fell silent; else from when it was seen.
 */
import { limits } from '../limits.ts';
import type { ClusterFaultKind, ClusterMove, ClusterPartitionOverview } from '../protocol/cluster-overview.ts';
import type { Claims } from './claims.ts';
import type { OwnHealth } from './cluster-event.ts';
import { type ClusterMap, type Member, takesPart } from './cluster-map.ts';
import type { ClusterTimes } from './cluster-times.ts';
import type { Heartbeat, PartitionFailure } from './heartbeat.ts';
import { type PartitionScan, scanPartitions } from './partition-scan.ts';
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
  readonly before: ReadonlyMap<string, Condition>;
  readonly nowMs: number;
};

type Partition = {
  led: { readonly member: string; readonly epoch: number } | undefined;
  unledSinceMs: number | undefined;
  underWay: UnderWay | undefined;
};

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
  #conditions = new Map<string, Condition>();
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
    return scanPartitions(map, {
      reports: [[this.self, this.#claims.reports()], ...this.peers.reports(nowMs)],
      newestEpoch: (partition) => this.#claims.newestEpoch(partition),
    });
  }

  /** The newest first. */
  get moves(): readonly Move[] {
    return this.#moves;
  }

  get conditions(): Iterable<Condition> {
    return this.#conditions.values();
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
    const look: Look = { map, health, before: this.#conditions, nowMs };
    this.#conditions = new Map();
    for (const member of map.members) this.#lookAtMember(member, look);
    if (map !== this.#map) this.#follow(map, nowMs);
    for (const [partition, scan] of this.scan(map, nowMs).entries()) this.#lookAtPartition(partition, scan, look);
    // Of those that were not heard yet it was all the same so before (V1).
    this.#settled ||= map.members.every((member) => !takesPart(member) || this.peers.isKnown(member.id, nowMs));
  }

  /** Takes the members of another map. */
  #follow(map: ClusterMap, nowMs: number): void {
    const members = new Map(map.members.map((member) => [member.id, member]));
    for (const [id, { state }] of this.#members)
      if (!members.has(id) && state !== 'left' && state !== 'dead') this.#addMember('left', id, nowMs);
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

  #lookAtMember(member: Member, { health, before, nowMs }: Look): void {
    const { id, state, incarnation } = member;
    const { peers, self } = this;
    const known = this.#members.get(id);
    if (known?.state !== state || known.incarnation !== incarnation)
      this.#addMember(state === 'joining' ? 'joined' : state, id, nowMs);
    const holds = (kind: ClusterFaultKind, sinceMs = nowMs): void =>
      this.#hold({ kind, member: id, partition: undefined, sinceMs }, before);
    if (state === 'dead') holds('memberDead');
    else if (takesPart(member) && !peers.isThere(id, nowMs)) holds('memberSilent', peers.heardMs(id) ?? nowMs);
    else if (takesPart(member) && (id === self ? health : peers.heartbeatOf(id))?.healthy === false)
      holds('memberUnhealthy');
    for (const failure of peers.heartbeatOf(id)?.failures ?? []) this.failed({ ...failure, member: id, atMs: nowMs });
  }

  /** What held before keeps its beginning. */
  #hold(condition: Condition, before: ReadonlyMap<string, Condition>): void {
    const key = `${condition.kind} ${condition.member ?? ''} ${condition.partition ?? ''}`;
    this.#conditions.set(key, before.get(key) ?? condition);
  }

  // --- Partitions

  #lookAtPartition(partition: number, scan: PartitionScan, look: Look): void {
    const { before, nowMs } = look;
    this.#partitions[partition] ??= { led: undefined, unledSinceMs: undefined, underWay: undefined };
    const own = this.#partitions[partition];
    const { leader } = scan;
    if (leader === undefined) {
      // V2
      own.unledSinceMs ??= this.#goneSinceMs(own, nowMs);
      this.#hold({ kind: 'partitionUnled', member: own.led?.member, partition, sinceMs: own.unledSinceMs }, before);
    } else {
      if (own.led?.member !== leader.member || own.led.epoch !== leader.report.epoch)
        this.#leads(partition, own, leader.member, look);
      own.led = { member: leader.member, epoch: leader.report.epoch };
      own.unledSinceMs = undefined;
      this.#lookAtStandbys(partition, scan, look);
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
    const tookMs = own.led === undefined ? undefined : nowMs - (own.unledSinceMs ?? nowMs);
    this.#add({ what, atMs: nowMs, partition, from, to, tookMs });
  }

  #lookAtStandbys(partition: number, { leader, following }: PartitionScan, { map, before, nowMs }: Look): void {
    const head = leader?.report.position ?? 0;
    for (const member of map.partitions[partition]?.standbys ?? []) {
      if (member === leader?.member || !this.peers.isThere(member, nowMs)) continue;
      const position = following.find((own) => own.member === member)?.report.position ?? 0;
      if (position === 0 || position + this.#times.warmRecords < head)
        this.#hold({ kind: 'standbyLags', member, partition, sinceMs: nowMs }, before);
    }
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
    return { ...now, sinceMs: now.what === 'unled' ? (own.unledSinceMs ?? nowMs) : nowMs };
  }
}
