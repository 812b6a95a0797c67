/** Partitions are led where the work that they make leaves room, and stay there; and where a person wants them. */
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { ScriptedCluster } from './cluster.fixture.ts';
import type { Loads } from './heartbeat.ts';
import { costsOf } from './partition-costs.ts';

/** What is told follows what is so within some seconds. */
const smoothed = new WeakMap<ScriptedCluster, number[]>();

/** Lets time pass in which each partition makes so much work; every node tells of what it leads. */
const work = (
  cluster: ScriptedCluster,
  seconds: number,
  loadOf: (partition: number, second: number) => number,
): void => {
  const told = smoothed.get(cluster) ?? [];
  smoothed.set(cluster, told);
  for (let second = 0; second < seconds; second++) {
    for (let partition = 0; partition < cluster.map.partitions.length; partition++) {
      const load = loadOf(partition, second);
      told[partition] = Math.round((7 * (told[partition] ?? load) + load) / 8);
    }
    for (const [id, { states }] of cluster.nodes) {
      const loads: Loads = states.flatMap(({ role }, partition) =>
        role === 'leading' ? [[partition, told[partition] ?? 0] as const] : [],
      );
      cluster.tell(id, { kind: 'health', healthy: true, queued: 0, loads });
    }
    cluster.pass(1_000);
  }
};

const hot = (partition: number): number => (partition === 4 ? 20_000 : 700);
const settledSeconds = (3 * limits.costsKeptMs) / 1_000;

describe('load', () => {
  test('a partition that makes most of the work is led alone, all stay there while that is so, and are even again after it', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 12 });
    work(cluster, settledSeconds, hot);
    const leader = cluster.map.partitions[4]?.leader ?? '';
    expect(cluster.loads()[leader]).toBe(1);
    const { length } = cluster.maps;
    work(cluster, settledSeconds, (partition, second) => hot(partition) * (1 + ((second * 7 + partition) % 5) / 50));
    expect(cluster.maps.length).toBe(length);
    work(cluster, settledSeconds, () => 0);
    expect(cluster.loads()).toEqual({ n0: 4, n1: 4, n2: 4 });
    expect(cluster.map.partitions.every(({ cost }) => cost === undefined)).toBe(true);
  });

  test('that is the same everywhere, or next to nothing, moves nothing', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 12 });
    const { length } = cluster.maps;
    work(cluster, settledSeconds, (partition, second) => 5_000 + ((second * 131 + partition * 977) % 900));
    work(cluster, settledSeconds, (partition) => partition * 20);
    expect(cluster.maps.length).toBe(length);
  });

  test('never moves more partitions at once than may', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 12 });
    let most = 0;
    for (let second = 0; second < settledSeconds; second++) {
      work(cluster, 1, hot);
      most = Math.max(most, cluster.map.partitions.filter(({ standbys }) => standbys.length > 1).length);
    }
    expect(most).toBeLessThanOrEqual(limits.movesMax);
  });
});

test.each(['n0', 'n1', 'n2'])(
  'where costs may be changed, a partition of %s still gets the next leader when that dies',
  (id) => {
    const cluster = ScriptedCluster.of(3, { partitions: 3, standbys: 2 });
    cluster.pass(2 * limits.costsKeptMs);
    cluster.end(id);
    cluster.pass(5_000);
    const { version, partitions } = cluster.map;
    expect(partitions.map(({ leader }) => leader)).not.toContain(id);
    cluster.pass(5_000);
    expect(cluster.map.version).toBe(version);
  },
);

test('costs are coarse, leave what is not known as it is, and are the same where all is the same', () => {
  expect(costsOf([20_000, 700, undefined], [{}, {}, { cost: 3 }])).toEqual([8, 1, 3]);
  expect(costsOf([5_100, 5_000, 4_900], [{}, { cost: 9 }, {}])).toEqual([5, 5, 4]);
  expect(costsOf([400, 10, 0], [{ cost: 9 }, {}, {}])).toEqual([1, 1, 1]);
  expect(costsOf([undefined, undefined], [{ cost: 9 }, {}])).toEqual([9, 1]);
});

describe('a person', () => {
  test('pins a partition to a place, from any node, and lets it go', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 6 });
    const target = ['n0', 'n1', 'n2'].find((id) => id !== cluster.map.partitions[0]?.leader) as string;
    cluster.tell('n1', { kind: 'wish', wish: { partition: 0, pinned: target } });
    cluster.pass(10_000);
    expect(cluster.map.partitions[0]).toMatchObject({ leader: target, pinned: target });
    expect(cluster.loads()).toEqual({ n0: 2, n1: 2, n2: 2 });
    cluster.tell('n2', { kind: 'wish', wish: { partition: 0, pinned: '' } });
    cluster.pass(10_000);
    expect(cluster.map.partitions[0]).toMatchObject({ pinned: '' });
  });

  test('has a partition stay where it is', () => {
    const cluster = ScriptedCluster.of(2, { partitions: 2 });
    for (const partition of [0, 1]) cluster.tell('n0', { kind: 'wish', wish: { partition, throttled: true } });
    cluster.pass(1_000);
    const before = cluster.map.partitions.map(({ leader }) => leader);
    work(cluster, settledSeconds, (partition) => (partition === 0 ? 50_000 : 600));
    expect(cluster.map.partitions.map(({ leader, throttled }) => [leader, throttled])).toEqual(
      before.map((leader) => [leader, true]),
    );
  });

  test('is not forgotten where another node proposes at the same time, and not asked again for what is undone later', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 6 });
    cluster.cutFromMap('n0');
    cluster.tell('n0', { kind: 'wish', wish: { partition: 1, throttled: true } });
    cluster.start('n3');
    cluster.pass(5_000);
    expect(cluster.map.partitions[1]?.throttled).toBe(false);
    cluster.healAll();
    cluster.pass(5_000);
    expect(cluster.map.partitions[1]?.throttled).toBe(true);
    cluster.tell('n1', { kind: 'wish', wish: { partition: 1, throttled: false } });
    cluster.pass(10_000);
    expect(cluster.map.partitions[1]?.throttled).toBe(false);
  });
});
