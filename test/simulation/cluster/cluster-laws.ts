/** What must hold of a cluster at every moment, seen from outside: by its maps as they land, and by what nodes do. */
import { type ClusterMap, takesPart } from '../../../src/cluster/cluster-map.ts';
import { decodeMap } from '../../../src/cluster/map-record.ts';
import { quietMs } from '../../../src/cluster/planner.ts';
import type { LogService } from '../../../src/engine/simulated/log-service.ts';
import type { Fault } from '../plan.ts';
import type { World } from '../world.ts';
import { clusterTimes } from './cluster-times.ts';

/** Within this no run of a node claims a partition more often than this (scenario P9). */
const duelMs = 20_000;
const claimsMax = 15;
/** Nor hands it over more often than this. */
const pingPongMs = 1_000;
const handOversMax = 20;
/** What a fault has done is forgotten by then: silence is noticed, and a map is appended. */
const aftermathMs = 6_000;
/** How far the time at which a node reads a map lies behind its landing, or before the time at which another one does. */
const readsMs = 1_000;

export class ClusterLaws {
  readonly #world: World;
  readonly #times = new Map<string, number[]>();
  /** Partitions that a node has followed, in any of its runs: of the newest one the leader may not have heard yet. */
  readonly #followed = new Set<string>();
  readonly #faults: { readonly fault: Fault; readonly untilMs: number }[] = [];
  /** Since when each run of a node has been joining. */
  readonly #joiningSince = new Map<string, number>();
  #map: ClusterMap | undefined;
  #highest = 0;
  /** When the log of maps last was another one at once. */
  #lostMs = Number.NEGATIVE_INFINITY;
  /** The highest version that each run of a node has known. */
  readonly #known = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  strikes(fault: Fault): void {
    const forMs = 'forMs' in fault ? (fault.forMs ?? 0) : fault.kind === 'flap' ? 2 * fault.times * fault.everyMs : 0;
    this.#faults.push({ fault, untilMs: this.#world.simulation.nowMs + forMs });
  }

  // --- Maps

  /** The log of maps holds something else from now on. */
  lostMaps(log: LogService): void {
    this.checkKept();
    const { end } = log;
    const newest = log.at(end);
    this.#map = newest === undefined ? undefined : decodeMap(newest, end);
    this.#lostMs = this.#world.simulation.nowMs;
  }

  /** No run of a node forgets what it has read, whatever becomes of the log. */
  checkKept(): void {
    for (const { life, program } of this.#world.nodes) {
      const version = program?.cluster?.map?.version ?? 0;
      if (life === undefined) continue;
      const before = this.#known.get(life.name) ?? 0;
      if (version < before)
        this.#world.violated('map kept', `${life.name} has read version ${before}, and knows version ${version} now`);
      this.#known.set(life.name, version);
    }
  }

  landed(position: number, bytes: Uint8Array): void {
    this.checkKept();
    const map = decodeMap(bytes, position);
    const before = this.#map?.version ?? 0;
    // Once maps were lost, what was under way to a place in the log may find it free again.
    const lost = this.#lostMs > Number.NEGATIVE_INFINITY;
    if (map.version > this.#highest + 1 || (!lost && map.version !== before + 1))
      this.#world.violated('map versions', `version ${map.version} follows version ${before}`);
    this.#highest = Math.max(this.#highest, map.version);
    for (const member of map.members) {
      const before = this.#map?.members.find(({ id }) => id === member.id);
      if (member.state === 'joining') this.#checkJoining(member.token, before?.state);
      if (member.state === 'up' && before?.state === 'joining') this.#checkQuiet(member.token, member.deaths);
      if (member.state === 'dead' && before !== undefined && takesPart(before)) this.#checkDead(member.token, map);
    }
    if (!this.#lostLately) this.#checkGiven(map);
    this.#map = map;
  }

  /** B2: at rest the copies of a partition lie in as many places as there are. */
  checkApart({ members, partitions }: ClusterMap): void {
    const placeOf = new Map(members.filter(takesPart).map(({ id, location }) => [id, location]));
    const there = new Set(placeOf.values()).size;
    for (const [partition, { leader, standbys }] of partitions.entries()) {
      const replicas = [leader, ...standbys];
      const used = new Set(replicas.map((id) => placeOf.get(id))).size;
      if (used < Math.min(replicas.length, there))
        this.#world.violated(
          'apart',
          `partition ${partition} is at ${replicas.join()}, in ${used} places of ${there} that there are`,
        );
    }
  }

  #checkJoining(token: string, before: string | undefined): void {
    // An older map that is put back may not know yet that it joined.
    const again = before !== 'joining' && !this.#lostLately;
    if (again || !this.#joiningSince.has(token)) this.#joiningSince.set(token, this.#world.simulation.nowMs);
  }

  get #lostLately(): boolean {
    return this.#world.simulation.nowMs < this.#lostMs + clusterTimes.quietMaxMs + aftermathMs;
  }

  /** One that fell out is given nothing before it has been there for a while. */
  #checkQuiet(token: string, deaths: number): void {
    const waitedMs = this.#world.simulation.nowMs - (this.#joiningSince.get(token) ?? 0);
    const leastMs = quietMs(deaths, clusterTimes) - readsMs;
    if (waitedMs < leastMs)
      this.#world.violated('quiet time', `${token} fell out ${deaths} times and is up again after ${waitedMs} ms`);
  }

  /** While somebody is up, nobody else is given a part of a partition: not one that waits, nor one that is about to leave. */
  #checkGiven(map: ClusterMap): void {
    const up = new Set(map.members.filter(({ state }) => state === 'up').map(({ id }) => id));
    if (up.size === 0) return;
    for (const [partition, { leader, standbys }] of map.partitions.entries()) {
      const before = this.#map?.partitions[partition];
      const had = new Set(before === undefined ? [] : [before.leader, ...before.standbys]);
      const given = [leader, ...standbys].find((id) => id !== '' && !had.has(id) && !up.has(id));
      if (given !== undefined)
        this.#world.violated(
          'given',
          `version ${map.version} gives partition ${partition} to ${given}, which is not up`,
        );
    }
  }

  /** Nobody is declared dead because a single link is cut. */
  #checkDead(token: string, map: ClusterMap): void {
    const { nowMs } = this.#world.simulation;
    const node = this.#world.nodes.find(({ life }) => life?.name === token);
    if (node === undefined) return;
    this.#world.count('declared dead while it ran');
    if (map.members.filter(takesPart).length < 2) return;
    const struck = this.#faults.filter(({ untilMs }) => untilMs + aftermathMs > nowMs);
    const harmless = ['claim', 'clock', 'fullDisk', 'damageBlob', 'log', 'logLeader', 'handOver'];
    const others = struck.filter(({ fault }) => !harmless.includes(fault.kind) && !isCutFromService(fault));
    if (others.length <= 1 && others.every(({ fault }) => fault.kind === 'cut'))
      this.#world.violated('one link', `${token} was declared dead; ${others.length} links were cut`);
  }

  // --- What nodes do

  /** P9: nodes do not take partitions from each other in turn. */
  /** A run of a node said what it does. */
  emitted(life: string, event: string, { partition, to }: Readonly<Record<string, unknown>>): void {
    if (event === 'cluster.claim') this.#claims(life, partition as number);
    if (event === 'cluster.handOver') this.#handsOver(life, partition as number, to as string);
  }

  #claims(life: string, partition: number): void {
    // What a fault has it give away, it takes back.
    const { nowMs } = this.#world.simulation;
    const given = this.#faults.filter(
      ({ fault, untilMs }) => fault.kind === 'handOver' && fault.partition === partition && untilMs > nowMs - duelMs,
    );
    this.#count('claimed', `${life} ${partition}`, duelMs, claimsMax + given.length);
  }

  follows(node: string, partition: number): void {
    this.#followed.add(`${node} ${partition}`);
  }

  /** A leader hands over to one that has a copy, and does not get it back at once. */
  #handsOver(life: string, partition: number, to: string): void {
    this.#count('handed over', `${life} ${partition}`, pingPongMs, handOversMax);
    if (!this.#followed.has(`${to} ${partition}`))
      this.#world.violated('warm', `${life} hands partition ${partition} over to ${to}, which never followed it`);
  }

  #count(what: string, who: string, withinMs: number, most: number): void {
    const { nowMs } = this.#world.simulation;
    const times = (this.#times.get(`${what} ${who}`) ?? []).filter((atMs) => atMs > nowMs - withinMs);
    times.push(nowMs);
    this.#times.set(`${what} ${who}`, times);
    if (times.length > most)
      this.#world.violated('no duel', `${who} was ${what} ${times.length} times in ${withinMs} ms`);
  }
}

const isCutFromService = (fault: Fault): boolean => fault.kind === 'cut' && !/^n\d/.test(fault.end);
