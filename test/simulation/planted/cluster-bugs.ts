/** Bugs of membership, placement and claims (see `bugs.ts`). */
import type { PlantedBug } from './bugs.ts';

const claims = 'src/cluster/claims.ts';
const planner = 'src/cluster/planner.ts';
const peers = 'src/cluster/peers.ts';
const core = 'src/cluster/cluster-core.ts';

export const clusterBugs: readonly PlantedBug[] = [
  {
    name: 'P9: a node claims what the newest map does not give it',
    workload: 'cluster',
    file: claims,
    find: '          : leader === this.#self\n',
    replace: '          : leader === this.#self || standbys.includes(this.#self)\n',
    law: ['no duel', 'progress', 'led again', 'stable'],
    seeds: 20,
  },
  {
    name: 'P9: nodes that depose each other do not wait ever longer',
    workload: 'cluster',
    file: claims,
    find: 'own.waitUntilMs = nowMs + Math.floor((most * (1 + this.#fraction())) / 2);',
    replace: 'own.waitUntilMs = most < 0 ? this.#fraction() : 0;',
    law: ['no duel'],
    seeds: 100,
    first: 101,
  },
  {
    name: 'a leader hands over to one who has read an older map, and who gives it back',
    workload: 'cluster',
    file: claims,
    find: 'heartbeat !== undefined && heartbeat.mapVersion >= version && this.isWarm(partition, named, nowMs)',
    replace: 'heartbeat !== undefined && version > 0 && this.isWarm(partition, named, nowMs)',
    law: ['no duel', 'ends'],
    seeds: 100,
    first: 101,
  },
  {
    name: 'L3: each node places by itself, with logarithms whose last bit differs from machine to machine',
    workload: 'cluster',
    file: core,
    find: 'this.#effects.push(...this.#claims.decide({ map, readMs: this.#readMs }, nowMs));',
    replace:
      "const machine = Number(this.#options.info.id.slice(1));\n      const own = (partition: number): string =>\n        map.members\n          .filter(({ state }) => state === 'up')\n          .map(({ id, weight }): [number, string] => [\n            -Math.log((1 + ((partition * 7 + id.length) % 13)) / 14) / weight + (machine % 2) * Number.EPSILON * Number(id.slice(1)),\n            id,\n          ])\n          .sort(([a, x], [b, y]) => b - a || (x < y ? -1 : 1))[0]?.[1] ?? '';\n      const partitions = map.partitions.map((place, partition) => ({ ...place, leader: own(partition) }));\n      this.#effects.push(...this.#claims.decide({ map: { ...map, partitions }, readMs: this.#readMs }, nowMs));",
    law: ['no duel', 'progress', 'led again', 'stable'],
    seeds: 10,
  },
  {
    name: 'maps are appended without compare-and-set',
    workload: 'cluster',
    file: 'src/cluster/map-log.ts',
    find: 'const after = this.#position;',
    replace: 'const after = Math.max(this.#position, await this.#log.end());',
    law: ['one map', 'progress', 'map versions'],
    seeds: 10,
  },
  {
    name: 'a drain is over before its partitions are handed over',
    workload: 'cluster',
    file: claims,
    find: "return [...this.#own.values()].every(({ state }) => state.role === 'none');",
    replace: "return [...this.#own.values()].every(({ state }) => state.role !== 'none' || state.role === 'none');",
    law: ['drained'],
    seeds: 150,
  },
  {
    name: 'a member that flaps is given partitions at once',
    workload: 'cluster',
    file: planner,
    find: 'if (steadyMs >= quietMs(deaths, times))',
    replace: 'if (steadyMs >= quietMs(Math.min(deaths, 0), times))',
    law: ['quiet time'],
    seeds: 10,
  },
  {
    name: 'T4: a node that ends is noticed by nobody',
    workload: 'cluster',
    file: peers,
    find: 'return peer !== undefined && !peer.closed && nowMs - peer.heardMs < this.#times.heartbeatMissedMs;',
    replace: 'return peer !== undefined && nowMs - peer.heardMs < 1_000_000_000;',
    law: ['led again', 'progress'],
    seeds: 40,
  },
  {
    name: 'a leader is named before its copy has caught up',
    workload: 'cluster',
    file: planner,
    find: 'if (!own.standbys.includes(goal.leader) || !isWarm(partition, goal.leader))',
    replace: 'if (own.standbys.length > 1_000)',
    also: {
      file: claims,
      find: 'heartbeat.mapVersion >= version && this.isWarm(partition, named, nowMs)',
      replace: 'heartbeat.mapVersion >= version && nowMs > 0',
    },
    law: ['warm'],
    seeds: 10,
  },
  {
    name: 'one cut link is enough to declare a member dead',
    workload: 'cluster',
    file: peers,
    find: 'return 2 * votes.length > voters.length && (most || waitedMs >= this.#times.minorityMs);',
    replace: 'return votes.length > 0 && (most || waitedMs >= this.#times.minorityMs);',
    law: ['one link'],
    seeds: 100,
    first: 201,
  },
];
