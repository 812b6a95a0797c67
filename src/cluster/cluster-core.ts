/**
 * What one node of a cluster does: a synchronous state machine. Events go in, effects come out; it knows no promise and no I/O.
 * `cluster-node.ts` turns effects into I/O.
 *
 * Life: it reads the map and puts itself in (`joining`), takes part until it is told to leave, gives away what it holds
 * (`draining`), and is done (`left`). Found dead by others while it lives, it joins again. A second process of its name, or a map
 * of a newer format, makes it step aside.
 *
 * What is decided where: who is there in `peers.ts`, the next map in `planner.ts`, partitions in `claims.ts`.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { Claims, type PartitionCommand, type PartitionEnd, type PartitionState } from './claims.ts';
import {
  type ClusterMap,
  type ClusterSettings,
  isAssigned,
  type Member,
  type MemberInfo,
  memberOf,
  newClusterMap,
  takesPart,
  withMember,
} from './cluster-map.ts';
import type { ClusterTimes } from './cluster-times.ts';
import { type Heartbeat, newsOf } from './heartbeat.ts';
import { Peers } from './peers.ts';
import { planNext } from './planner.ts';

export type ClusterEvent =
  /** The log of maps was read to its end, by a read that began then; undefined: it holds none. */
  | { readonly kind: 'map'; readonly map: ClusterMap | undefined; readonly beganMs: number }
  /** An append was answered, in whatever way: what stands in the log is read next. */
  | { readonly kind: 'proposed' }
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat }
  /** The connection to the run of another node ended that joined with this token. */
  | { readonly kind: 'closed'; readonly token: string }
  | {
      readonly kind: 'partition';
      readonly partition: number;
      readonly state: PartitionState;
      readonly ended: PartitionEnd | undefined;
    }
  /** Whether canary tasks come through here, and how much waits. */
  | { readonly kind: 'health'; readonly healthy: boolean; readonly queued: number }
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
  /** It is done. With an error it steps aside: it is to let go of all partitions at once. */
  | { readonly kind: 'stop'; readonly error: TuttiError | undefined };

export type ClusterCoreOptions = {
  readonly info: MemberInfo;
  /** Names of what its version of the app can run. */
  readonly functions: readonly string[];
  /** Of the cluster, should this node be the one that makes it. */
  readonly settings: ClusterSettings;
  readonly newClusterId: string;
  readonly times: ClusterTimes;
  /** Chance: a number in [0, 1). */
  readonly fraction: () => number;
};

export class ClusterCore {
  readonly #options: ClusterCoreOptions;
  readonly #peers: Peers;
  readonly #claims: Claims;
  #map: ClusterMap | undefined;
  /** When the newest read of the map that has ended began. */
  #readMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** The newest version that anybody has told of, and when it was first told. */
  #news = { version: 0, toldMs: Number.NEGATIVE_INFINITY };
  #reading = false;
  #proposing = false;
  #proposeAgainMs = 0;
  /** Since when there is something to propose. */
  #dueSinceMs: number | undefined;
  /** The incarnation under which it joined; 0: not yet. */
  #incarnation = 0;
  #draining = false;
  #healthy = true;
  #queued = 0;
  #publishedMs = Number.NEGATIVE_INFINITY;
  /** What others were told last, but for positions. */
  #told = '';
  #wakeMs = Number.POSITIVE_INFINITY;
  #stopped = false;
  #effects: ClusterEffect[] = [];

  constructor(options: ClusterCoreOptions) {
    this.#options = options;
    this.#peers = new Peers(options.info.id, options.times);
    this.#claims = new Claims(options.info.id, options.times, this.#peers, options.fraction);
  }

  /** The newest map it knows. */
  get map(): ClusterMap | undefined {
    return this.#map;
  }

  /** When it wants a `time` event though nothing happens, by the monotonic clock. */
  get wakeMs(): number {
    return this.#wakeMs;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** The member that leads a partition, as far as it hears. */
  leaderOf(partition: number, nowMs: number): string | undefined {
    return this.#claims.leaderOf(partition, nowMs);
  }

  /** Takes an event; returns what is to be done, in order. */
  on(event: ClusterEvent, nowMs: number): readonly ClusterEffect[] {
    if (this.#stopped) return [];
    this.#peers.turn(nowMs);
    if (!this.#take(event, nowMs)) return [];
    this.#decide(nowMs);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** False: there is nothing new to decide. */
  #take(event: ClusterEvent, nowMs: number): boolean {
    switch (event.kind) {
      case 'map':
        this.#reading = false;
        this.#readMs = event.beganMs;
        this.#map = event.map;
        if (event.map !== undefined) this.#peers.follow(event.map, nowMs);
        break;
      case 'proposed':
        this.#proposing = false;
        this.#proposeAgainMs = nowMs + this.#options.times.proposeAgainMs;
        this.#readMs = Number.NEGATIVE_INFINITY;
        this.#askedMs = Number.NEGATIVE_INFINITY;
        break;
      case 'heartbeat':
        if (event.heartbeat.member === this.#options.info.id) return false;
        this.#claims.heardOf(event.heartbeat.partitions);
        if (event.heartbeat.mapVersion > this.#news.version)
          this.#news = { version: event.heartbeat.mapVersion, toldMs: nowMs };
        return this.#peers.heard(event.heartbeat, nowMs);
      case 'closed':
        this.#peers.closed(this.#map?.members.find(({ token }) => token === event.token));
        break;
      case 'partition':
        this.#claims.changed(event.partition, event.state, event.ended, nowMs);
        break;
      case 'health':
        this.#healthy = event.healthy;
        this.#queued = event.queued;
        break;
      case 'drain':
        this.#draining = true;
        break;
      case 'time':
        for (const [partition, state] of event.states) this.#claims.changed(partition, state, undefined, nowMs);
        break;
      default:
        event satisfies never;
    }
    return true;
  }

  #decide(nowMs: number): void {
    this.#wakeMs = Number.POSITIVE_INFINITY;
    if (this.#stepsAside() || this.#isDone()) return;
    this.#propose(nowMs);
    const map = this.#map;
    if (map !== undefined && this.#isIn(map)) {
      this.#effects.push(...this.#claims.decide({ map, readMs: this.#readMs }, nowMs));
      this.#wakeAt(this.#claims.wakeMs);
      this.#wakeAt(this.#peers.nextSilenceMs(nowMs));
      this.#publish(map, nowMs);
    }
    this.#readIfDue(nowMs);
  }

  #wakeAt(atMs: number): void {
    this.#wakeMs = Math.min(this.#wakeMs, atMs);
  }

  #stop(error: TuttiError | undefined): void {
    this.#stopped = true;
    this.#wakeMs = Number.POSITIVE_INFINITY;
    this.#effects = [{ kind: 'stop', error }];
  }

  // --- Oneself

  #self(map: ClusterMap): Member | undefined {
    return memberOf(map, this.#options.info.id);
  }

  /** This run of the node stands in the map. */
  #isIn(map: ClusterMap): boolean {
    return this.#self(map)?.token === this.#options.info.token;
  }

  #stepsAside(): boolean {
    const map = this.#map;
    const { id, featureLevel } = this.#options.info;
    if (map === undefined) return false;
    if (map.featureLevel > featureLevel)
      this.#stop(
        new TuttiError(
          'CLUSTER_NEWER',
          `The cluster has feature level ${map.featureLevel}; this version of Tutti knows ${featureLevel}. This node steps aside: run it with the version that the others run.`,
          { details: { featureLevel: map.featureLevel, known: featureLevel } },
        ),
      );
    const own = this.#self(map);
    if (own !== undefined && !this.#isIn(map) && this.#incarnation > 0 && own.incarnation > this.#incarnation)
      this.#stop(
        new TuttiError(
          'MEMBER_REPLACED',
          `Another process has joined the cluster under this node's name, "${id}". This one steps aside: give each node a name of its own.`,
          { details: { id, incarnation: this.#incarnation, other: own.incarnation } },
        ),
      );
    if (own !== undefined && this.#isIn(map)) this.#incarnation = own.incarnation;
    return this.#stopped;
  }

  #isDone(): boolean {
    const map = this.#map;
    if (!this.#draining || map === undefined || !this.#claims.isEmpty) return false;
    const own = this.#self(map);
    const left = this.#isIn(map) ? own?.state === 'left' : own === undefined && this.#incarnation > 0;
    if (left) this.#stop(undefined);
    return left;
  }

  // --- Proposals

  #propose(nowMs: number): void {
    const { times, info } = this.#options;
    if (this.#proposing || this.#reading || this.#readMs === Number.NEGATIVE_INFINITY || this.#hasNews) return;
    const before = this.#map ?? this.#newMap();
    const withSelf = this.#withSelf(before);
    const next = takesPart(this.#self(withSelf) as Member) ? this.#plan(withSelf, nowMs) : withSelf;
    if (next === before) {
      this.#dueSinceMs = undefined;
      return;
    }
    this.#dueSinceMs ??= nowMs;
    // What concerns oneself is proposed at once; the rest by one after the other, so that they do not refuse each other's.
    const rank = before.members.filter(
      (member) => takesPart(member) && this.#peers.isThere(member.id, nowMs) && member.id < info.id,
    );
    const turnMs = this.#dueSinceMs + (withSelf === before ? rank.length * times.proposeStaggerMs : 0);
    const atMs = Math.max(turnMs, this.#proposeAgainMs);
    if (nowMs < atMs) {
      this.#wakeAt(atMs);
      return;
    }
    this.#proposing = true;
    this.#dueSinceMs = undefined;
    this.#effects.push({ kind: 'appendMap', map: { ...next, version: before.version + 1 } });
  }

  #newMap(): ClusterMap {
    const { newClusterId, info, settings } = this.#options;
    return newClusterMap(newClusterId, info.featureLevel, settings);
  }

  #plan(map: ClusterMap, nowMs: number): ClusterMap {
    return planNext(
      map,
      {
        self: this.#options.info.id,
        peers: this.#peers,
        nowMs,
        leaderOf: (partition) => this.#claims.leaderOf(partition, nowMs),
        isWarm: (partition, member) => this.#claims.isWarm(partition, member, nowMs),
      },
      this.#options.times,
    );
  }

  /** The map as it should be about oneself. */
  #withSelf(map: ClusterMap): ClusterMap {
    const { info, functions } = this.#options;
    const own = this.#self(map);
    if (own === undefined || own.token !== info.token) {
      const fell = own !== undefined && takesPart(own) ? 1 : 0;
      const joins = map.joins + 1;
      const joining: Member = { ...info, incarnation: joins, state: 'joining', deaths: (own?.deaths ?? 0) + fell };
      const joined = withMember(map, joining);
      return { ...joined, joins, apps: { ...joined.apps, [info.app]: functions } };
    }
    switch (own.state) {
      case 'dead':
        return withMember(map, { ...own, state: 'joining' });
      case 'joining':
      case 'up':
        return this.#draining ? withMember(map, { ...own, state: 'draining' }) : map;
      case 'draining':
        return !isAssigned(map, own.id) && this.#claims.isEmpty ? withMember(map, { ...own, state: 'left' }) : map;
      case 'left':
        return map;
      default:
        return own.state satisfies never;
    }
  }

  // --- The map, and the others

  /** Somebody told of a newer map since the last read began. */
  get #hasNews(): boolean {
    return this.#news.version > (this.#map?.version ?? 0) && this.#readMs < this.#news.toldMs;
  }

  #readIfDue(nowMs: number): void {
    const { mapPollMs, proposeAgainMs } = this.#options.times;
    if (this.#reading || this.#proposing) return;
    const behind = this.#news.version > (this.#map?.version ?? 0);
    // Where others have a newer one, and reads lag, it is asked for at once, and then not without a pause.
    const pauseMs =
      this.#claims.wantsMap || this.#hasNews ? 0 : behind ? Math.min(mapPollMs, proposeAgainMs) : mapPollMs;
    const againMs = this.#askedMs + pauseMs;
    if (nowMs < againMs) {
      this.#wakeAt(againMs);
      return;
    }
    this.#reading = true;
    this.#askedMs = nowMs;
    this.#effects.push({ kind: 'readMap' });
  }

  #publish(map: ClusterMap, nowMs: number): void {
    const suspects = this.#peers.suspects(map, nowMs);
    const partitions = this.#claims.reports();
    const heartbeat: Heartbeat = {
      member: this.#options.info.id,
      incarnation: this.#incarnation,
      mapVersion: map.version,
      healthy: this.#healthy,
      queued: this.#queued,
      suspects,
      partitions,
    };
    const told = newsOf(heartbeat);
    const dueMs = this.#publishedMs + this.#options.times.heartbeatMs;
    if (told === this.#told && nowMs < dueMs) {
      this.#wakeAt(dueMs);
      return;
    }
    this.#told = told;
    this.#publishedMs = nowMs;
    this.#wakeAt(nowMs + this.#options.times.heartbeatMs);
    this.#effects.push({ kind: 'publish', heartbeat });
  }
}
