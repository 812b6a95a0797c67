/**
 * What one node does with each partition, so that it holds what the map says and no leader is deposed without need.
 *
 * - C1: it claims a partition only if the newest map it can read names it as leader, and nobody that is heard leads it.
 * - C2: it claims nothing before it has heard of every member, or waited for it: one that it has not heard yet may lead.
 * - C3: once deposed without its consent, or after a claim that failed, it waits a random time that grows (scenario P9). So it does
 *   before it opens a partition again that failed here, whatever for: a full disk is full for a while.
 * - C4: a leader that is named no more leads on until the one that is has caught up, and has read a map as new; then it hands over.
 *   Whom it names in its last record claims by itself when it reads that, at once.
 * - C5: a leader that says it is not healthy, and that the map does not name any more, has some time to hand over. After that it is not
 *   waited for: it may be unable to, and what it still appends is refused.
 * - C6: who has begun to lead does so for a while before it hands over: where the log of maps lost its end, two maps of one version may
 *   each name the other node, until both have read it again.
 *
 * What the log of the partition says decides; all of this only keeps nodes from trying in vain.
 */
import { type ClusterMap, takesPart } from './cluster-map.ts';
import type { ClusterTimes } from './cluster-times.ts';
import type { PartitionReport, Role } from './heartbeat.ts';
import type { Peers } from './peers.ts';

/** A partition as the node itself has it. */
export type PartitionState = {
  /** `claiming`: it is about to lead; `closing`: it hands over or lets go, and nothing can be done with it yet. */
  readonly role: Role;
  /** The newest epoch in its log, as far as the node knows; 0 once it leads no more. */
  readonly epoch: number;
  /** Up to where its log is applied; 0 while it is being opened. */
  readonly position: number;
};

/** Which member leads, and in which epoch. */
export type Leadership = { readonly id: string; readonly epoch: number };

/** Why a partition is led here no longer, or could not be. */
export type PartitionEnd = 'deposed' | 'failed';

export type PartitionCommand =
  | { readonly kind: 'claim'; readonly partition: number }
  | { readonly kind: 'follow'; readonly partition: number }
  | { readonly kind: 'drop'; readonly partition: number }
  | { readonly kind: 'handOver'; readonly partition: number; readonly to: string }
  /** Prove that it is still led here: with an empty record if nothing else is written. */
  | { readonly kind: 'confirm'; readonly partition: number };

/** The newest map, and when the read began that found nothing newer. */
export type KnownMap = { readonly map: ClusterMap; readonly readMs: number };

type Own = {
  state: PartitionState;
  /** Deposed without consent or failed, one after the other. */
  ends: number;
  /** Before that it claims nothing. */
  waitUntilMs: number;
  /** Before that it is not told again to hand over. */
  givesUntilMs: number;
  /** Before that it opens nothing. */
  closedUntilMs: number;
  endedMs: number;
  /** Since when everything speaks for a claim. */
  wantedSinceMs: number | undefined;
  /** Since when an unhealthy leader is waited for. */
  ailingSinceMs: number | undefined;
  /** When its position last moved, or it was last asked to prove that it leads. */
  movedMs: number;
  /** Since when it leads, or has led. */
  ledSinceMs: number;
};

const nothing: PartitionState = { role: 'none', epoch: 0, position: 0 };

const sameState = (one: PartitionState, other: PartitionState): boolean =>
  one.role === other.role && one.epoch === other.epoch && one.position === other.position;

export class Claims {
  readonly #self: string;
  readonly #times: ClusterTimes;
  readonly #peers: Peers;
  readonly #fraction: () => number;
  readonly #own = new Map<number, Own>();
  /** The highest epoch of each partition that was ever heard of. */
  readonly #epochs = new Map<number, number>();
  #wakeMs = Number.POSITIVE_INFINITY;
  #wantsMap = false;

  constructor(self: string, times: ClusterTimes, peers: Peers, fraction: () => number) {
    this.#self = self;
    this.#times = times;
    this.#peers = peers;
    this.#fraction = fraction;
  }

  /** When to decide again though nothing happens. */
  get wakeMs(): number {
    return this.#wakeMs;
  }

  /** A claim waits for the map to be read. */
  get wantsMap(): boolean {
    return this.#wantsMap;
  }

  /** The same object while nothing of it changes. */
  state(partition: number): PartitionState {
    return this.#own.get(partition)?.state ?? nothing;
  }

  /** What there is to tell others. */
  reports(): readonly PartitionReport[] {
    const reports: PartitionReport[] = [];
    for (const [partition, { state }] of this.#own) {
      const { role, epoch, position } = state;
      if (role !== 'none') reports.push({ partition, role, epoch, position });
    }
    return reports;
  }

  /** Holds no part of any partition. */
  get isEmpty(): boolean {
    return [...this.#own.values()].every(({ state }) => state.role === 'none');
  }

  /** Returns whether any epoch is newer than what was heard of before. */
  heardOf(reports: readonly PartitionReport[]): boolean {
    let newer = false;
    for (const { partition, epoch } of reports) if (this.#noteEpoch(partition, epoch)) newer = true;
    return newer;
  }

  /** The highest epoch of a partition that was ever heard of; 0: none. */
  newestEpoch(partition: number): number {
    return this.#epochs.get(partition) ?? 0;
  }

  #noteEpoch(partition: number, epoch: number): boolean {
    const newer = epoch > this.newestEpoch(partition);
    if (newer) this.#epochs.set(partition, epoch);
    return newer;
  }

  /** The node's own part of a partition changed. */
  changed(partition: number, state: PartitionState, ended: PartitionEnd | undefined, nowMs: number): void {
    const own = this.#ownOf(partition, nowMs);
    if (state.position !== own.state.position || state.role !== own.state.role) own.movedMs = nowMs;
    if (state.role !== own.state.role) [own.wantedSinceMs, own.givesUntilMs] = [undefined, 0];
    if (state.role === 'leading' && own.state.role !== 'leading') own.ledSinceMs = nowMs;
    if (!sameState(state, own.state)) own.state = state;
    this.#noteEpoch(partition, state.epoch);
    if (ended !== undefined) this.#penalize(own, nowMs);
    if (ended === 'failed') own.closedUntilMs = own.waitUntilMs;
  }

  /** C3 */
  #penalize(own: Own, nowMs: number): void {
    const { claimWaitFirstMs, claimWaitMaxMs, endForgottenMs } = this.#times;
    if (nowMs - own.endedMs >= endForgottenMs) own.ends = 0;
    own.endedMs = nowMs;
    const most = Math.min(claimWaitMaxMs, claimWaitFirstMs * 2 ** Math.min(own.ends, 30));
    own.ends++;
    own.waitUntilMs = nowMs + Math.floor((most * (1 + this.#fraction())) / 2);
  }

  #ownOf(partition: number, nowMs: number): Own {
    let own = this.#own.get(partition);
    if (own === undefined) {
      own = {
        state: nothing,
        ends: 0,
        waitUntilMs: 0,
        givesUntilMs: 0,
        closedUntilMs: 0,
        endedMs: 0,
        wantedSinceMs: undefined,
        ailingSinceMs: undefined,
        movedMs: nowMs,
        ledSinceMs: Number.NEGATIVE_INFINITY,
      };
      this.#own.set(partition, own);
    }
    return own;
  }

  /** The member that leads a partition in the newest epoch heard of; undefined: nobody that is there. */
  leaderOf(partition: number, nowMs: number): string | undefined {
    return this.leadershipOf(partition, nowMs)?.id;
  }

  /** The same, with that epoch. */
  leadershipOf(partition: number, nowMs: number): Leadership | undefined {
    const newest = this.newestEpoch(partition);
    const { role, epoch } = this.state(partition);
    if (role === 'leading' && epoch >= newest) return { id: this.#self, epoch };
    return this.#leaderElsewhere(partition, nowMs);
  }

  #leaderElsewhere(partition: number, nowMs: number): Leadership | undefined {
    const newest = this.newestEpoch(partition);
    for (const { member, report } of this.#peers.holdings(partition)) {
      const { role, epoch } = report;
      // One that hands over leads until its record is durable.
      const leads = role === 'leading' || (role === 'closing' && epoch > 0);
      if (leads && epoch >= newest && this.#peers.isThere(member, nowMs)) return { id: member, epoch };
    }
    return undefined;
  }

  /** A member's copy has caught up with the leader's, or nobody leads with whom it could. */
  isWarm(partition: number, member: string, nowMs: number): boolean {
    const leader = this.leaderOf(partition, nowMs);
    if (leader === undefined || leader === member) return true;
    if (!this.#peers.isThere(member, nowMs)) return false;
    const positionOf = (id: string): number | undefined =>
      id === this.#self ? this.state(partition).position : this.#peers.report(id, partition)?.position;
    const role = member === this.#self ? this.state(partition).role : this.#peers.report(member, partition)?.role;
    const [copy, head] = [positionOf(member), positionOf(leader)];
    if (role !== 'following' || copy === undefined || head === undefined) return false;
    return copy > 0 && copy + this.#times.warmRecords >= head;
  }

  /** What to do now. */
  decide(known: KnownMap, nowMs: number): readonly PartitionCommand[] {
    const commands: PartitionCommand[] = [];
    this.#wakeMs = Number.POSITIVE_INFINITY;
    this.#wantsMap = false;
    for (const [partition, { leader, standbys }] of known.map.partitions.entries()) {
      const own = this.#ownOf(partition, nowMs);
      const command =
        own.state.role === 'leading'
          ? this.#whileLeading(partition, own, known.map, nowMs)
          : leader === this.#self
            ? this.#towardsLeading(partition, own, known, nowMs)
            : this.#beside(partition, own, standbys.includes(this.#self), nowMs);
      if (command !== undefined) commands.push(command);
    }
    return commands;
  }

  #wakeAt(atMs: number): void {
    this.#wakeMs = Math.min(this.#wakeMs, atMs);
  }

  /** C4 */
  #whileLeading(partition: number, own: Own, map: ClusterMap, nowMs: number): PartitionCommand | undefined {
    const named = map.partitions[partition]?.leader ?? '';
    const deposed = this.#isOvertaken(partition, own);
    const { confirmMs, claimWaitFirstMs, handOverAgainMs, ledMinMs } = this.#times;
    if (!deposed && named !== this.#self && this.#takesOver(partition, named, map.version, nowMs)) {
      // It leads on until the other one is ready, and for a while in any case (C6).
      const givesAtMs = Math.max(own.givesUntilMs, own.ledSinceMs + ledMinMs);
      if (nowMs >= givesAtMs) {
        own.givesUntilMs = nowMs + handOverAgainMs;
        return { kind: 'handOver', partition, to: named };
      }
      this.#wakeAt(givesAtMs);
    }
    const dueMs = own.movedMs + (deposed ? claimWaitFirstMs : confirmMs);
    if (nowMs >= dueMs) {
      own.movedMs = nowMs;
      return { kind: 'confirm', partition };
    }
    this.#wakeAt(dueMs);
    return undefined;
  }

  /** Who has read an older map than this node would give it back at once. */
  #takesOver(partition: number, named: string, version: number, nowMs: number): boolean {
    const heartbeat = this.#peers.heartbeatOf(named);
    return heartbeat !== undefined && heartbeat.mapVersion >= version && this.isWarm(partition, named, nowMs);
  }

  #towardsLeading(partition: number, own: Own, known: KnownMap, nowMs: number): PartitionCommand | undefined {
    const { role } = own.state;
    if (role === 'claiming' || role === 'closing') return undefined;
    if (this.#mayClaim(partition, own, known, nowMs)) return { kind: 'claim', partition };
    return this.#openAgain(partition, own, nowMs);
  }

  /** Another one has led since the record that this node has read last. */
  #isOvertaken(partition: number, own: Own): boolean {
    return this.newestEpoch(partition) > own.state.epoch;
  }

  #mayClaim(partition: number, own: Own, { map, readMs }: KnownMap, nowMs: number): boolean {
    const unheard = map.members.some(
      (member) => takesPart(member) && member.id !== this.#self && !this.#peers.isKnown(member.id, nowMs),
    );
    if (unheard || this.#isWaitedFor(this.#leaderElsewhere(partition, nowMs), own, nowMs)) {
      own.wantedSinceMs = undefined;
      return false;
    }
    if (nowMs < own.waitUntilMs) {
      this.#wakeAt(own.waitUntilMs);
      return false;
    }
    own.wantedSinceMs ??= nowMs;
    // The newest map that it can read: where it can read none, the one it has.
    const unreadableMs = own.wantedSinceMs + this.#times.mapWaitMs;
    if (readMs >= own.wantedSinceMs || nowMs >= unreadableMs) return true;
    this.#wantsMap = true;
    this.#wakeAt(unreadableMs);
    return false;
  }

  /** C5 */
  #isWaitedFor(leader: Leadership | undefined, own: Own, nowMs: number): boolean {
    if (leader === undefined || this.#peers.heartbeatOf(leader.id)?.healthy !== false) {
      own.ailingSinceMs = undefined;
      return leader !== undefined;
    }
    own.ailingSinceMs ??= nowMs;
    const untilMs = own.ailingSinceMs + this.#times.ailingLeaderMs;
    if (nowMs < untilMs) this.#wakeAt(untilMs);
    return nowMs < untilMs;
  }

  #beside(partition: number, own: Own, isStandby: boolean, nowMs: number): PartitionCommand | undefined {
    if (isStandby) return this.#openAgain(partition, own, nowMs);
    return own.state.role === 'following' ? { kind: 'drop', partition } : undefined;
  }

  #openAgain(partition: number, own: Own, nowMs: number): PartitionCommand | undefined {
    if (own.state.role !== 'none') return undefined;
    if (nowMs >= own.closedUntilMs) return { kind: 'follow', partition };
    this.#wakeAt(own.closedUntilMs);
    return undefined;
  }
}
