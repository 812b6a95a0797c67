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

test('nobody is said to be there or not who was so before, and whoever is, at the next turn', () => {
  const peers = new Peers('n0', limits);
  const told = (what: () => void): boolean => {
    const before = peers.presence;
    what();
    return peers.presence !== before;
  };
  const beats = (fromMs: number, untilMs: number): boolean =>
    told(() => {
      for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 100) {
        peers.turn(nowMs);
        peers.heard(beat(13), nowMs);
      }
    });
  const turns = (fromMs: number, untilMs: number): boolean =>
    told(() => {
      for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 100) peers.turn(nowMs);
    });
  peers.follow(joining(13, 'run'), 0);
  expect(beats(0, 0)).toBe(true);
  expect(turns(100, 2_000)).toBe(true);
  expect(beats(2_100, 2_100)).toBe(true);
  expect(beats(2_200, 10_000)).toBe(false);
  // One that is silent falls silent once.
  expect(turns(10_100, 10_000 + limits.heartbeatMissedMs - 1)).toBe(false);
  expect(turns(10_000 + limits.heartbeatMissedMs, 10_000 + limits.heartbeatMissedMs)).toBe(true);
  expect(peers.isThere('n1', 10_000 + limits.heartbeatMissedMs)).toBe(false);
  expect(turns(11_500, 12_000)).toBe(false);
  // F3: it is waited for once more.
  expect(turns(20_000, 20_000)).toBe(true);
  expect(peers.isThere('n1', 20_000)).toBe(true);
  expect(turns(20_100, 20_000 + limits.heartbeatMissedMs - 1)).toBe(false);
  expect(turns(20_000 + limits.heartbeatMissedMs, 21_900)).toBe(true);
  expect(beats(22_000, 22_000)).toBe(true);
  expect(told(() => peers.closed({ ...before.members[1]!, incarnation: 13 }))).toBe(true);
});
