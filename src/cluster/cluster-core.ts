/**
 * What one node of a cluster does: a synchronous state machine. Events go in, effects come out; it knows no promise and no I/O.
 * `cluster-node.ts` turns effects into I/O.
 *
 * Life: it reads the map and puts itself in (`joining`), takes part until it is told to leave, gives away what it holds
 * (`draining`), and is done (`left`). Found dead by others while it lives, it joins again. A second process of its name, which
 * has joined later and is heard, or a map of a newer format, makes it step aside.
 *
 * - K1: no map that a node has read is forgotten while the node runs. The highest version counts that anybody knows: where the log
 *   shows an older one, because it has lost its tail or was made anew under its name, whoever knows a newer one puts that back.
 *   The log refuses it where reads only lagged. Of two maps of one version the one counts that stands in the log.
 *
 * What is decided where: who is there in `peers.ts`, the next map in `planner.ts`, partitions in `claims.ts`. What is shown of it is
 * remembered in `cluster-recorder.ts`.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { Claims, type Leadership } from './claims.ts';
import { type ClusterEffect, type ClusterEvent, healthOf, type OwnHealth } from './cluster-event.ts';
import {
  type ClusterMap,
  type ClusterSettings,
  isAssigned,
  isOpen,
  type Member,
  type MemberInfo,
  memberOf,
  newClusterMap,
  takesPart,
  versionOf,
  withMember,
} from './cluster-map.ts';
import { ClusterRecorder } from './cluster-recorder.ts';
import type { ClusterTimes } from './cluster-times.ts';
import type { Sight } from './cluster-view.ts';
import type { Heartbeat } from './heartbeat.ts';
import { MapWishes } from './map-wishes.ts';
import { OwnHeartbeats } from './own-heartbeats.ts';
import { CostAge } from './partition-costs.ts';
import { Peers } from './peers.ts';
import { planNext } from './planner.ts';
import { Rival } from './rival.ts';

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
  /** What there is to show. */
  readonly recorder: ClusterRecorder;
  #map: ClusterMap | undefined;
  /** What the log showed when it was last read. */
  #shown: ClusterMap | undefined;
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
  readonly #rival: Rival;
  readonly #costAge = new CostAge();
  readonly #wishes = new MapWishes();
  #draining = false;
  #health: OwnHealth = { healthy: true, queued: 0 };
  readonly #heartbeats: OwnHeartbeats;
  #wakeMs = Number.POSITIVE_INFINITY;
  #changes = 0;
  #stopped = false;
  #effects: ClusterEffect[] = [];

  constructor(options: ClusterCoreOptions) {
    this.#options = options;
    this.#heartbeats = new OwnHeartbeats(options.times.heartbeatMs);
    this.#peers = new Peers(options.info.id, options.times);
    this.#rival = new Rival(options.times);
    this.#claims = new Claims(options.info.id, options.times, this.#peers, options.fraction);
    this.recorder = new ClusterRecorder(options.info.id, options.times, this.#peers, this.#claims);
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

  /** Grows with whatever may change the map that it knows, or who leads a partition. */
  get changes(): number {
    return this.#changes + this.#peers.presence;
  }

  /** The member that leads a partition, as far as it hears, and its epoch. */
  leadershipOf(partition: number, nowMs: number): Leadership | undefined {
    return this.#claims.leadershipOf(partition, nowMs);
  }

  /** What can be shown of the cluster; undefined: it has read no map yet. */
  get sight(): Sight | undefined {
    return this.#map && { map: this.#map, recorder: this.recorder, health: this.#health };
  }

  /** Takes an event; returns what is to be done, in order. */
  on(event: ClusterEvent, nowMs: number): readonly ClusterEffect[] {
    if (this.#stopped) return [];
    this.#peers.turn(nowMs);
    if (!this.#take(event, nowMs)) return [];
    this.#changes++;
    if (!this.#stopped) this.#decide(nowMs);
    if (this.#map !== undefined) this.recorder.look(this.#map, this.#health, nowMs);
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
        this.recorder.mapRead(event.beganMs);
        this.#shown = event.map;
        // K1
        if (event.map === undefined || versionOf(event.map) < versionOf(this.#map)) break;
        this.#map = event.map;
        this.#peers.follow(event.map, nowMs);
        this.#costAge.follow(event.map, nowMs);
        this.#wishes.follow(event.map);
        break;
      case 'proposed':
        this.#proposing = false;
        this.#proposeAgainMs = nowMs + this.#options.times.proposeAgainMs;
        this.#readMs = Number.NEGATIVE_INFINITY;
        this.#askedMs = Number.NEGATIVE_INFINITY;
        break;
      case 'heartbeat':
        if (event.heartbeat.member === this.#options.info.id) return this.#hearsOfItself(event.heartbeat, nowMs);
        if (this.#claims.heardOf(event.heartbeat.partitions)) this.#changes++;
        if (event.heartbeat.mapVersion > this.#news.version)
          this.#news = { version: event.heartbeat.mapVersion, toldMs: nowMs };
        return this.#peers.heard(event.heartbeat, nowMs);
      case 'closed':
        this.#peers.closed(this.#map?.members.find(({ token }) => token === event.token));
        break;
      case 'partitions':
        for (const { partition, state, ended } of event.changes) this.#claims.changed(partition, state, ended, nowMs);
        break;
      case 'health':
        this.#health = healthOf(event);
        break;
      case 'wish':
        this.#wishes.add(event.wish);
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
    if (this.#stepsAside(nowMs) || this.#isDone()) return;
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

  #stepsAside(nowMs: number): boolean {
    const map = this.#map;
    const { featureLevel } = this.#options.info;
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
    const isIn = this.#isIn(map);
    const isLater = own !== undefined && !isIn && this.#incarnation > 0 && own.incarnation > this.#incarnation;
    this.#rival.named(isLater ? own.incarnation : undefined, nowMs);
    if (own !== undefined && isIn) this.#incarnation = own.incarnation;
    return this.#stopped;
  }

  #hearsOfItself({ member, incarnation }: Heartbeat, nowMs: number): boolean {
    if (incarnation === this.#incarnation) this.recorder.heardItself(nowMs);
    if (!this.#rival.heard(incarnation, nowMs)) return false;
    this.#stop(
      new TuttiError(
        'MEMBER_REPLACED',
        `Another process has joined the cluster under this node's name, "${member}". This one steps aside: give each node a name of its own.`,
        { details: { id: member, incarnation: this.#incarnation, other: incarnation } },
      ),
    );
    return true;
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
    if (versionOf(this.#shown) < versionOf(this.#map)) {
      this.#putBack(nowMs);
      return;
    }
    // Where others know a map, and the log shows none, they are about to put it back: no second cluster is begun before.
    const toldUntilMs = this.#map === undefined ? this.#news.toldMs + 2 * times.mapPollMs : Number.NEGATIVE_INFINITY;
    const waitMs = Math.max(toldUntilMs, this.#rival.silentMs);
    if (nowMs < waitMs) {
      this.#wakeAt(waitMs);
      return;
    }
    const before = this.#map ?? this.#newMap();
    const withSelf = this.#withSelf(this.#wishes.withWishes(before));
    const next = takesPart(this.#self(withSelf) as Member) ? this.#plan(withSelf, nowMs) : withSelf;
    if (next === before || !isOpen(before)) {
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

  /** K1 */
  #putBack(nowMs: number): void {
    if (nowMs < this.#proposeAgainMs) this.#wakeAt(this.#proposeAgainMs);
    else if (this.#map !== undefined) {
      this.#proposing = true;
      this.#effects.push({ kind: 'putBackMap', map: this.#map, shown: this.#shown });
    }
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
        health: this.#health,
        costsDue: this.#costAge.isDue(nowMs),
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
    return this.#news.version > versionOf(this.#map) && this.#readMs < this.#news.toldMs;
  }

  #readIfDue(nowMs: number): void {
    const { mapPollMs, proposeAgainMs } = this.#options.times;
    if (this.#reading || this.#proposing) return;
    const behind = this.#news.version > versionOf(this.#map);
    // Where others have a newer one, and reads lag, it is asked for at once, and then not without a pause.
    const pauseMs =
      this.#claims.wantsMap || this.#hasNews ? 0 : behind ? Math.min(mapPollMs, proposeAgainMs) : mapPollMs;
    const againMs = this.#askedMs + pauseMs;
    if (nowMs < againMs) this.#wakeAt(againMs);
    else {
      this.#reading = true;
      this.#askedMs = nowMs;
      this.#effects.push({ kind: 'readMap' });
    }
  }

  #publish(map: ClusterMap, nowMs: number): void {
    const suspects = this.#peers.suspects(map, nowMs);
    const partitions = this.#claims.reports();
    const heartbeat: Heartbeat = {
      member: this.#options.info.id,
      incarnation: this.#incarnation,
      mapVersion: map.version,
      ...this.#health,
      suspects,
      partitions,
      ...this.recorder.ownFailures(),
    };
    if (this.#heartbeats.say(heartbeat, nowMs)) this.#effects.push({ kind: 'publish', heartbeat });
    this.#wakeAt(this.#heartbeats.dueMs);
  }
}
