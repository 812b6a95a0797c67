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
import { type Holding, Holdings } from './holdings.ts';

type Peer = {
  /** Its place among those that were heard of. */
  readonly rank: number;
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
  /** What of that others act on. */
  news: string;
};

export class Peers {
  readonly #self: string;
  readonly #times: ClusterTimes;
  readonly #peers = new Map<string, Peer>();
  /** Of the heartbeats of `#peers`. */
  readonly #holdings = new Holdings();
  #nextRank = 0;
  #turnedMs: number | undefined;
  /** Not after any `heardMs` of those that were not silent at the last turn: while this one is not long ago, nobody falls silent. */
  #oldestMs = Number.POSITIVE_INFINITY;
  #presence = 0;

  constructor(self: string, times: ClusterTimes) {
    this.#self = self;
    this.#times = times;
  }

  /** Another number whenever `isThere` may say something else of anybody than before. */
  get presence(): number {
    return this.#presence;
  }

  /** Called with every event, before anything is asked. */
  turn(nowMs: number): void {
    const { heartbeatMissedMs } = this.#times;
    const lastMs = this.#turnedMs ?? nowMs;
    this.#turnedMs = nowMs;
    // F3
    if (nowMs - lastMs > heartbeatMissedMs / 2) {
      for (const peer of this.#peers.values()) peer.heardMs = nowMs;
      this.#oldestMs = nowMs;
      this.#presence++;
    }
    if (nowMs - this.#oldestMs < heartbeatMissedMs) return;
    this.#oldestMs = Number.POSITIVE_INFINITY;
    for (const peer of this.#peers.values())
      if (nowMs - peer.heardMs < heartbeatMissedMs) this.#oldestMs = Math.min(this.#oldestMs, peer.heardMs);
      else {
        peer.aliveSinceMs = undefined;
        // The others fell silent before.
        if (lastMs - peer.heardMs < heartbeatMissedMs) this.#presence++;
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
    const named = new Set(map.members.map(({ id }) => id));
    for (const [id, peer] of this.#peers) {
      if (named.has(id)) continue;
      this.#peers.delete(id);
      this.#presence++;
      this.#says(id, peer, undefined);
    }
  }

  #add(id: string, incarnation: number, nowMs: number): Peer {
    const before = this.#peers.get(id);
    if (before !== undefined) this.#says(id, before, undefined);
    const peer: Peer = {
      rank: before?.rank ?? this.#nextRank++,
      incarnation,
      token: undefined,
      state: 'joining',
      deaths: 0,
      sinceMs: nowMs,
      heardMs: nowMs,
      aliveSinceMs: undefined,
      closed: false,
      heartbeat: undefined,
      news: '',
    };
    this.#peers.set(id, peer);
    this.#presence++;
    this.#oldestMs = Math.min(this.#oldestMs, nowMs);
    return peer;
  }

  #says(member: string, peer: Peer, heartbeat: Heartbeat | undefined): void {
    const before = peer.heartbeat?.partitions ?? [];
    this.#holdings.told({ member, rank: peer.rank }, before, heartbeat?.partitions ?? []);
    peer.heartbeat = heartbeat;
  }

  /** Returns whether it says anything new but for positions and queues. */
  heard(heartbeat: Heartbeat, nowMs: number): boolean {
    const { member, incarnation } = heartbeat;
    let peer = this.#peers.get(member);
    // Of a run that has ended, and came late.
    if (peer !== undefined && incarnation < peer.incarnation) return false;
    if (peer === undefined || incarnation > peer.incarnation) peer = this.#add(member, incarnation, nowMs);
    const news = newsOf(heartbeat);
    const isNews = peer.aliveSinceMs === undefined || peer.news !== news;
    if (peer.aliveSinceMs === undefined) this.#presence++;
    peer.heardMs = nowMs;
    peer.closed = false;
    peer.aliveSinceMs ??= nowMs;
    peer.news = news;
    this.#says(member, peer, heartbeat);
    this.#oldestMs = Math.min(this.#oldestMs, nowMs);
    return isNews;
  }

  /** The connection to this run of a member ended. */
  closed(member: Member | undefined): void {
    const peer = member === undefined ? undefined : this.#peers.get(member.id);
    if (peer === undefined || peer.incarnation !== member?.incarnation) return;
    peer.closed = true;
    peer.aliveSinceMs = undefined;
    this.#presence++;
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

  /** When something last came of it; before anything did, when it was first seen in the map. */
  heardMs(id: string): number | undefined {
    return this.#peers.get(id)?.heardMs;
  }

  heartbeatOf(id: string): Heartbeat | undefined {
    return this.#peers.get(id)?.heartbeat;
  }

  /** What the others say that they have of a partition, also those that are not there any more. */
  holdings(partition: number): readonly Holding[] {
    return this.#holdings.of(partition);
  }

  report(id: string, partition: number): PartitionReport | undefined {
    return this.holdings(partition).find(({ member }) => member === id)?.report;
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
