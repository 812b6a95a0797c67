import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { ScriptedCluster } from './cluster.fixture.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { Heartbeat } from './heartbeat.ts';
import { Peers } from './peers.ts';

const before = ScriptedCluster.of(2).map;
const beat = (incarnation: number): Heartbeat => ({
  member: 'n1',
  incarnation,
  mapVersion: before.version,
  healthy: true,
  queued: 0,
  suspects: [],
  partitions: [],
});
const joining = (incarnation: number, token: string): ClusterMap => ({
  ...before,
  members: before.members.map((member) =>
    member.id === 'n1' ? { ...member, incarnation, token, state: 'joining', deaths: 1 } : member,
  ),
});

test('for how long a run was steady before maps were lost does not count for one that joined after it', () => {
  const peers = new Peers('n0', limits);
  peers.follow(joining(13, 'lost with its map'), 0);
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 100) peers.heard(beat(13), nowMs);
  expect(peers.steadyMs('n1', 10_000)).toBe(10_000);
  // It was heard until now, and its number is the higher one.
  peers.follow(joining(5, 'joined since'), 10_000);
  expect(peers.isThere('n1', 10_100)).toBe(true);
  expect(peers.steadyMs('n1', 10_100)).toBe(100);
});
