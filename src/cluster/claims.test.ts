import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { Claims } from './claims.ts';
import { ScriptedCluster } from './cluster.fixture.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { Peers } from './peers.ts';

describe('claims', () => {
  const duel = (growing: boolean): number => {
    const cluster = ScriptedCluster.of(2, { partitions: 1, ...(growing ? {} : { times: { claimWaitMaxMs: 500 } }) });
    const [{ leader } = { leader: '' }] = cluster.map.partitions;
    const other = leader === 'n0' ? 'n1' : 'n0';
    cluster.isolate(leader);
    cluster.staleFor.set(leader, cluster.maps.length);
    let claims = 0;
    for (let passed = 0; passed < 60_000; passed += 10) {
      cluster.pass(10);
      claims = [leader, other].flatMap((id) => cluster.node(id).commands.filter((one) => one.includes('claim'))).length;
    }
    return claims;
  };

  test('P9: nodes that differ about the map, each deposed by the other, wait ever longer', () => {
    expect(duel(true)).toBeLessThan(25);
    expect(duel(false)).toBeGreaterThan(80);
  });

  test('C3: what fails here again and again is opened again after pauses that grow, and is forgiven', () => {
    const cluster = ScriptedCluster.of(2, { partitions: 1 });
    const id = cluster.map.partitions[0]?.standbys[0] as string;
    const { states, commands } = cluster.node(id);
    for (let passed = 0; passed < 60_000; passed += 10) {
      if (states[0]?.role === 'following') cluster.fails(id, 0);
      cluster.pass(10);
    }
    const follows = commands.filter((one) => one.endsWith('follow 0')).length;
    expect(follows).toBeGreaterThan(5);
    expect(follows).toBeLessThan(20);
    cluster.pass(60_000);
    expect(states[0]?.role).toBe('following');
    cluster.fails(id, 0);
    cluster.pass(limits.claimWaitFirstMs);
    expect(states[0]?.role).toBe('following');
  });

  test('P9: nobody claims what the newest map does not give it, though nobody leads it', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 3 });
    const [{ leader } = { leader: '' }] = cluster.map.partitions;
    for (const [id, node] of cluster.nodes) {
      node.commands.length = 0;
      if (id === leader) cluster.cutFromMap(id);
    }
    cluster.node(leader).states[0] = { role: 'closing', epoch: 0, position: 0 };
    const change = { partition: 0, state: cluster.node(leader).states[0]!, ended: undefined };
    cluster.tell(leader, { kind: 'partitions', changes: [change] });
    cluster.pass(20_000);
    for (const { commands } of cluster.nodes.values())
      expect(commands.filter((command) => command.endsWith('claim 0'))).toEqual([]);
  });

  test('who was not named and leads all the same hands over to whom the map names', () => {
    const cluster = ScriptedCluster.of(2, { partitions: 1 });
    const [{ leader, standbys } = { leader: '', standbys: [''] }] = cluster.map.partitions;
    cluster.claim(standbys[0] as string, 0);
    cluster.pass(2_000);
    expect(cluster.leaders(0)).toEqual([leader]);
    expect(cluster.node(standbys[0] as string).commands.some((command) => command.includes('handOver 0'))).toBe(true);
  });

  test('who hands over and leads until the other one is ready is told so once, and again where that takes long', () => {
    const cluster = ScriptedCluster.of(2, { partitions: 1 });
    const [{ standbys } = { standbys: [''] }] = cluster.map.partitions;
    const id = standbys[0] as string;
    cluster.stuck.add(id);
    cluster.claim(id, 0);
    cluster.pass(4 * limits.handOverAgainMs);
    const told = cluster.node(id).commands.filter((command) => command.includes('handOver 0'));
    expect(told.length).toBeGreaterThan(2);
    expect(told.length).toBeLessThan(6);
  });

  test('a leader that cannot reach the log of maps leads on', () => {
    const cluster = ScriptedCluster.of(3);
    for (const id of cluster.nodes.keys()) cluster.cutFromMap(id);
    const before = cluster.loads();
    cluster.pass(60_000);
    expect(cluster.loads()).toEqual(before);
  });

  test('a leader that hears of a newer epoch proves that it leads, and one with nothing to write does so now and then', () => {
    const cluster = ScriptedCluster.of(2, { partitions: 1 });
    const [{ leader } = { leader: '' }] = cluster.map.partitions;
    const own = cluster.node(leader);
    cluster.pass(20_000);
    expect(own.commands.length).toBe(4);
    own.commands.length = 0;
    const other = leader === 'n0' ? 'n1' : 'n0';
    cluster.node(other).states[0] = { role: 'following', epoch: 50, position: 50 };
    cluster.pass(1_500);
    expect(own.commands[0]).toContain('confirm 0');
  });

  test('C6: who has begun to lead what the map gives to another does so for a while before it hands over', () => {
    const copy = { partition: 0, role: 'following', epoch: 3, position: 10 } as const;
    const peers = {
      heartbeatOf: () => ({ mapVersion: 6, healthy: true }),
      holdings: () => [{ member: 'a', report: copy }],
      isThere: () => true,
      report: () => copy,
    } as unknown as Peers;
    const map = { version: 6, members: [], partitions: [{ leader: 'a', standbys: ['b'] }] } as unknown as ClusterMap;
    const claims = new Claims('b', limits, peers, () => 0);
    const began = 100_000;
    claims.changed(0, { role: 'leading', epoch: 5, position: 10 }, undefined, began);
    const decided = (nowMs: number) => claims.decide({ map, readMs: began }, nowMs);
    expect([decided(began + limits.ledMinMs - 1), claims.wakeMs]).toEqual([[], began + limits.ledMinMs]);
    // That it writes meanwhile begins nothing anew.
    claims.changed(0, { role: 'leading', epoch: 5, position: 12 }, undefined, began + limits.ledMinMs - 1);
    expect(decided(began + limits.ledMinMs)).toEqual([{ kind: 'handOver', partition: 0, to: 'a' }]);
  });
});
