import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScriptedCluster } from './cluster.fixture.ts';

const nodes = 4;
const node = fc.integer({ min: 0, max: nodes - 1 });

type Step = readonly [
  what: 'end' | 'kill' | 'start' | 'cut' | 'cutMap' | 'heal' | 'take' | 'pass',
  a: number,
  b: number,
];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('end', 'kill', 'start', 'cut', 'cutMap', 'heal', 'take', 'pass', 'pass'),
  node,
  node,
);

const play = (cluster: ScriptedCluster, [what, a, b]: Step): void => {
  const [one, other] = [`n${a}`, `n${b}`];
  switch (what) {
    case 'end':
    case 'kill':
      if (cluster.nodes.has(one)) cluster.end(one, what === 'kill');
      break;
    case 'start':
      if (!cluster.nodes.has(one)) cluster.start(one);
      break;
    case 'cut':
      cluster.cut.add(`${one}>${other}`);
      break;
    case 'cutMap':
      cluster.cutFromMap(one);
      break;
    case 'heal':
      cluster.healAll();
      break;
    case 'take':
      if (cluster.nodes.has(one)) cluster.claim(one, b);
      break;
    case 'pass':
      cluster.pass(100 + 700 * b);
      break;
    default:
      what satisfies never;
  }
};

/** What a node shows of a cluster at rest is what is so. */
const showsTruth = (cluster: ScriptedCluster, id: string): void => {
  const { members, partitions, faults, moves } = cluster.overview(id);
  expect(faults).toEqual([]);
  expect(members.map((member) => [member.id, member.heard, member.leads])).toEqual(
    members.map((member) => [member.id, true, cluster.loads()[member.id]]),
  );
  for (const { partition, leader, underWay } of partitions) {
    expect([leader?.member, underWay]).toEqual([cluster.leaders(partition)[0], undefined]);
    // The newest move of each partition, where there was one, was to who leads it.
    const last = moves.find((move) => move.partition === partition);
    if (last !== undefined) expect(last.to).toBe(leader?.member);
  }
  for (const { tookMs } of moves) expect(tookMs ?? 0).toBeGreaterThanOrEqual(0);
};

test('whatever befalls a cluster, it comes to rest: all up, one leader a partition, whom the map names, balanced', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const cluster = ScriptedCluster.of(nodes, {
        partitions: 6,
        times: { quietFirstMs: 1_000, quietMaxMs: 4_000, claimWaitMaxMs: 4_000 },
      });
      for (const one of steps) play(cluster, one);
      cluster.healAll();
      for (let index = 0; index < nodes; index++) if (!cluster.nodes.has(`n${index}`)) cluster.start(`n${index}`);
      cluster.pass(30_000);
      expect(cluster.map.members.map(({ state }) => state)).toEqual(Array.from({ length: nodes }, () => 'up'));
      for (const [partition, { leader }] of cluster.map.partitions.entries())
        expect(cluster.leaders(partition)).toEqual([leader]);
      const loads = Object.values(cluster.loads());
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      const [maps, before] = [cluster.maps.length, cluster.loads()];
      cluster.pass(10_000);
      expect(cluster.loads()).toEqual(before);
      expect(cluster.maps.length).toBe(maps);
      for (const id of cluster.nodes.keys()) showsTruth(cluster, id);
    }),
    { numRuns: 40 },
  );
});
