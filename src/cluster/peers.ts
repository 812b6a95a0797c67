/**
 * What one node hears of the others: who is there, who fell silent, and who may be declared dead. Times are of the monotonic
 * clock.
 *
 * - F1: a member is gone for a node when its connection closed, or nothing of its present incarnation came for a while.
 * - F2: a node declares one dead only if most of those it hears do not hear it either, so that a single cut link deposes nobody;
 *   and only if it hears at least half of the members, or has waited longer.
 * - F3: a node that stood still itself (its process was stopped, its machine slept) holds that against nobody.
 */
import { type ClusterMap, type Member, takesPart } from './cluster-map.ts';
import type { ClusterTimes } from './cluster-times.ts';
import { type Heartbeat, newsOf, type PartitionReport } from './heartbeat.ts';

type Peer = {
  incarnation: number;
  /** Names its run in the map; undefined: it was heard of, and stood in no map yet. */
  token: string | undefined;
  /** Its state in the map and how often it had fallen out, and since when that is so in this incarnation. */
  state: Member['state'];
  deaths: number;
  sinceMs: number;
  /** When something last came of it; before anything did, when it was first seen in the map. */
  heardMs: number;
  /** Since when it has been heard without a gap; undefined: it is not heard. */
  aliveSinceMs: number | undefined;
  closed: boolean;
  heartbeat: Heartbeat | undefined;
};

export class Peers {
  readonly #self: string;
  readonly #times: ClusterTimes;
  readonly #peers = new Map<string, Peer>();
  #turnedMs: number | undefined;

  constructor(self: string, times: ClusterTimes) {
    this.#self = self;
    this.#times = times;
  }

  /** Called with every event, before anything is asked. */
  turn(nowMs: number): void {
    const stoodStill = this.#turnedMs !== undefined && nowMs - this.#turnedMs > this.#times.heartbeatMissedMs / 2;
    this.#turnedMs = nowMs;
    for (const peer of this.#peers.values()) {
      if (stoodStill) peer.heardMs = nowMs;
      if (nowMs - peer.heardMs >= this.#times.heartbeatMissedMs) peer.aliveSinceMs = undefined;
    }
  }

  /** Takes the members of a new map. */
  follow(map: ClusterMap, nowMs: number): void {
    for (const { id, token, incarnation, state, deaths } of map.members) {
      let peer = this.#peers.get(id);
      // One that was heard of, and joined in a map that was lost, is waited for as long as for any other.
      const lost = peer !== undefined && peer.incarnation > incarnation && !this.isThere(id, nowMs);
      // Where a map was lost, two runs may have joined under one number.
      const other = peer?.incarnation === incarnation && peer.token !== undefined && peer.token !== token;
      const isNew = peer === undefined || peer.incarnation < incarnation || lost || other;
      if (peer === undefined || isNew) peer = this.#add(id, incarnation, nowMs);
      if (peer.incarnation !== incarnation) {
        // The map names a run that joined after a map was lost, and heard is one from before: that one's time is not this one's.
        peer.sinceMs = nowMs;
        continue;
      }
      peer.token = token;
      // Between two maps that this node has read, it may have been dead and be back.
      if (!isNew && peer.state === state && peer.deaths === deaths) continue;
      peer.state = state;
      peer.deaths = deaths;
      peer.sinceMs = nowMs;
    }
    for (const id of this.#peers.keys()) if (!map.members.some((member) => member.id === id)) this.#peers.delete(id);
  }

  #add(id: string, incarnation: number, nowMs: number): Peer {
    const peer: Peer = {
      incarnation,
      token: undefined,
      state: 'joining',
      deaths: 0,
      sinceMs: nowMs,
      heardMs: nowMs,
      aliveSinceMs: undefined,
      closed: false,
      heartbeat: undefined,
    };
    this.#peers.set(id, peer);
    return peer;
  }

  /** Returns whether it says anything new but for positions and queues. */
  heard(heartbeat: Heartbeat, nowMs: number): boolean {
    const { member, incarnation } = heartbeat;
    let peer = this.#peers.get(member);
    // Of a run that has ended, and came late.
    if (peer !== undefined && incarnation < peer.incarnation) return false;
    if (peer === undefined || incarnation > peer.incarnation) peer = this.#add(member, incarnation, nowMs);
    const isNews =
      peer.aliveSinceMs === undefined || peer.heartbeat === undefined || newsOf(peer.heartbeat) !== newsOf(heartbeat);
    peer.heardMs = nowMs;
    peer.closed = false;
    peer.aliveSinceMs ??= nowMs;
    peer.heartbeat = heartbeat;
    return isNews;
  }

  /** The connection to this run of a member ended. */
  closed(member: Member | undefined): void {
    const peer = member === undefined ? undefined : this.#peers.get(member.id);
    if (peer === undefined || peer.incarnation !== member?.incarnation) return;
    peer.closed = true;
    peer.aliveSinceMs = undefined;
  }

  /** It is heard, or has not been silent for long; oneself always is. */
  isThere(id: string, nowMs: number): boolean {
    if (id === this.#self) return true;
    const peer = this.#peers.get(id);
    return peer !== undefined && !peer.closed && nowMs - peer.heardMs < this.#times.heartbeatMissedMs;
  }

  /** Something came of its present incarnation, or it has been silent for so long that nothing will. */
  isKnown(id: string, nowMs: number): boolean {
    return id === this.#self || this.#peers.get(id)?.heartbeat !== undefined || !this.isThere(id, nowMs);
  }

  /** For how long it has been heard without a gap in its present state; of oneself, for how long it has that state. */
  steadyMs(id: string, nowMs: number): number {
    const peer = this.#peers.get(id);
    if (peer === undefined) return 0;
    if (id === this.#self) return nowMs - peer.sinceMs;
    return peer.aliveSinceMs === undefined ? 0 : nowMs - Math.max(peer.aliveSinceMs, peer.sinceMs);
  }

  /** For how long a member has had its present state. */
  inStateMs(id: string, nowMs: number): number {
    return nowMs - (this.#peers.get(id)?.sinceMs ?? nowMs);
  }

  ids(): Iterable<string> {
    return this.#peers.keys();
  }

  /** When something last came of it; before anything did, when it was first seen in the map. */
  heardMs(id: string): number | undefined {
    return this.#peers.get(id)?.heardMs;
  }

  heartbeatOf(id: string): Heartbeat | undefined {
    return this.#peers.get(id)?.heartbeat;
  }

  /** What those that are there say of their partitions, but for oneself. */
  reports(nowMs: number): readonly (readonly [id: string, reports: readonly PartitionReport[]])[] {
    const ids = [...this.#peers.keys()].filter((id) => id !== this.#self && this.isThere(id, nowMs));
    return ids.map((id) => [id, this.heartbeatOf(id)?.partitions ?? []]);
  }

  report(id: string, partition: number): PartitionReport | undefined {
    return this.heartbeatOf(id)?.partitions.find((report) => report.partition === partition);
  }

  /** Members that take part and are not heard. */
  suspects(map: ClusterMap, nowMs: number): readonly string[] {
    return map.members.filter((member) => takesPart(member) && !this.isThere(member.id, nowMs)).map(({ id }) => id);
  }

  /** Members that may be declared dead (F2). */
  gone(map: ClusterMap, nowMs: number): readonly string[] {
    const suspects = this.suspects(map, nowMs);
    const members = map.members.filter(takesPart);
    // Several that fall silent together do so one after the other: who is about to is no voter.
    const voters = members.filter(({ id }) => this.#isFresh(id, nowMs));
    const running = members.filter(({ id }) => this.#peers.get(id)?.closed !== true);
    const most = 2 * voters.length >= running.length;
    return suspects.filter((id) => {
      const votes = voters.filter(
        (voter) => voter.id === this.#self || this.heartbeatOf(voter.id)?.suspects.includes(id) === true,
      );
      const waitedMs = nowMs - (this.#peers.get(id)?.heardMs ?? nowMs);
      return 2 * votes.length > voters.length && (most || waitedMs >= this.#times.minorityMs);
    });
  }

  #isFresh(id: string, nowMs: number): boolean {
    const peer = this.#peers.get(id);
    const fresh = peer !== undefined && !peer.closed && nowMs - peer.heardMs < this.#times.heartbeatMissedMs / 2;
    return id === this.#self || fresh;
  }

  /** When the next of those that are heard falls silent, or one has been silent for long enough. */
  nextSilenceMs(nowMs: number): number {
    const { heartbeatMissedMs, minorityMs } = this.#times;
    let next = Number.POSITIVE_INFINITY;
    for (const [id, { heardMs }] of this.#peers)
      if (id !== this.#self)
        for (const afterMs of [heartbeatMissedMs, minorityMs])
          if (heardMs + afterMs > nowMs) next = Math.min(next, heardMs + afterMs);
    return next;
  }
}
