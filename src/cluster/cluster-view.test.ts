import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import type { ClusterOverview } from '../protocol/cluster-overview.ts';
import { epochMs, ScriptedCluster } from './cluster.fixture.ts';

/** What all nodes should agree on. */
const shared = ({ members, partitions }: ClusterOverview) => ({
  members: members.map(({ silentMs: _, ...member }) => member),
  partitions,
});
const kinds = ({ faults }: ClusterOverview): readonly string[] =>
  faults.map(({ kind, member, partition }) => [kind, member, partition].filter((part) => part !== undefined).join(' '));

test('every node shows who is there, who leads and follows what, and how far copies are behind', () => {
  const cluster = ScriptedCluster.of(3, { partitions: 6 });
  const own = cluster.overview('n0');
  expect(shared(own)).toEqual(shared(cluster.overview('n2')));
  expect(
    own.members.map(({ id, state, heard, healthy, leads, follows }) => [id, state, heard, healthy, leads, follows]),
  ).toEqual([
    ['n0', 'up', true, true, 2, 2],
    ['n1', 'up', true, true, 2, 2],
    ['n2', 'up', true, true, 2, 2],
  ]);
  expect(own.members.map(({ silentMs }) => silentMs === undefined)).toEqual([true, false, false]);
  for (const { partition, named, leader, standbys, underWay } of own.partitions) {
    expect(leader?.member).toBe(named);
    expect(cluster.leaders(partition)).toEqual([named]);
    expect(standbys).toHaveLength(1);
    expect(standbys[0]).toMatchObject({
      named: true,
      following: true,
      member: cluster.map.partitions[partition]?.standbys[0],
    });
    expect(standbys[0]?.lag).toBe((leader?.position ?? 0) - (standbys[0]?.position ?? 0));
    expect(underWay).toBeUndefined();
  }
  expect(own).toMatchObject({ name: 'test', self: 'n0', mapVersion: cluster.map.version, faults: [] });
});

test('what a node led that fell silent is told as taken over, with how long nobody led it', () => {
  const cluster = ScriptedCluster.of(3, { partitions: 6 });
  const before = cluster.overview('n0').moves.length;
  const led = cluster.overview('n0').partitions.filter(({ leader }) => leader?.member === 'n1');
  const heardMs = cluster.nowMs - (cluster.overview('n0').members[1]?.silentMs ?? 0);
  cluster.end('n1');
  cluster.pass(4_500);
  const { moves, partitions } = cluster.overview('n0');
  const tookOver = moves.slice(0, moves.length - before).filter(({ what }) => what === 'tookOver');
  expect(tookOver.map(({ partition }) => partition).sort()).toEqual(led.map(({ partition }) => partition));
  for (const move of tookOver) {
    expect(move).toMatchObject({ from: 'n1', to: partitions[move.partition ?? -1]?.leader?.member });
    // V2
    expect(move.at.getTime() - (move.tookMs ?? 0)).toBe(heardMs + epochMs);
  }
  expect(kinds(cluster.overview('n2'))).toContain('memberDead n1');
  expect(cluster.overview('n2').moves.filter(({ what }) => what === 'dead')).toHaveLength(1);
});

test('a move by plan is told as handed over', () => {
  const cluster = ScriptedCluster.of(2, { partitions: 6 });
  const before = cluster.overview('n0').moves.length;
  cluster.start('n2');
  cluster.pass(20_000);
  const { moves: all, faults } = cluster.overview('n0');
  const moves = all.slice(0, all.length - before);
  const handed = moves.filter(({ what }) => what === 'handedOver');
  expect(handed.map(({ to }) => to)).toEqual(['n2', 'n2']);
  expect(handed.every(({ tookMs }) => tookMs !== undefined && tookMs < limits.heartbeatMs)).toBe(true);
  expect(moves.filter(({ to }) => to === 'n2').map(({ what }) => what)).toEqual(
    expect.arrayContaining(['joined', 'up']),
  );
  expect(faults).toEqual([]);
});

test('V1: who joins does not tell as news what was so before', () => {
  const cluster = ScriptedCluster.of(3, { partitions: 6, movesMax: 0 });
  cluster.start('n3');
  cluster.pass(5_000);
  expect(cluster.overview('n3').moves.map(({ what, to }) => `${what} ${to}`)).toEqual(['up n3']);
});

test('while too few are there to judge them, silent members and what they led are faults, with since when', () => {
  const cluster = ScriptedCluster.of(3, { partitions: 6 });
  const heard = cluster.overview('n0').members.map(({ silentMs = 0 }) => cluster.nowMs - silentMs);
  cluster.end('n1');
  cluster.end('n2');
  cluster.pass(limits.heartbeatMissedMs);
  const { members, partitions, faults } = cluster.overview('n0');
  expect(members.map((member) => member.heard)).toEqual([true, false, false]);
  const unled = partitions.filter(({ leader }) => leader === undefined);
  expect(unled).toHaveLength(4);
  for (const { named, underWay } of unled)
    expect(underWay).toMatchObject({ what: 'unled', since: new Date((heard[named === 'n1' ? 1 : 2] ?? 0) + epochMs) });
  expect(faults.map(({ kind, member }) => `${kind} ${member}`)).toEqual(['memberSilent n1', 'memberSilent n2']);
  cluster.pass(limits.unledFaultMs);
  expect(kinds(cluster.overview('n0'))).toEqual([
    'memberSilent n1',
    'memberSilent n2',
    ...unled.map(({ named, partition }) => `partitionUnled ${named} ${partition}`),
  ]);
  cluster.pass(limits.minorityMs);
  expect(kinds(cluster.overview('n0'))).toEqual(['memberDead n1', 'memberDead n2']);
});

test('a partition that was led in a newer epoch than that of its leader is led by nobody, though only a late heartbeat says so', () => {
  const cluster = ScriptedCluster.of(2);
  const underWay = () => cluster.overview('n0').partitions[0]?.underWay;
  expect(underWay()).toBeUndefined();
  const { core } = cluster.node('n0');
  const partitions = [{ partition: 0, role: 'leading', epoch: 99, position: 99 }] as const;
  const last = core.sight!.recorder.peers.heartbeatOf('n1')!;
  core.on({ kind: 'heartbeat', heartbeat: { ...last, incarnation: 0, partitions } }, cluster.nowMs);
  cluster.pass(limits.heartbeatMs);
  expect(underWay()).toMatchObject({ what: 'unled' });
});

test('a standby that stays behind is a fault after a while, one that catches up is none', () => {
  const cluster = ScriptedCluster.of(2, { partitions: 1 });
  const leader = cluster.leaders(0)[0] ?? '';
  const behind = leader === 'n0' ? 'n1' : 'n0';
  const states = cluster.node(leader).states;
  const head = (states[0]?.position ?? 0) + 5_000;
  states[0] = { role: 'leading', epoch: states[0]?.epoch ?? 0, position: head };
  cluster.pass(1_000);
  expect(cluster.overview(behind).partitions[0]?.standbys[0]).toMatchObject({ member: behind, lag: 5_000 });
  expect(kinds(cluster.overview(behind))).toEqual([]);
  cluster.pass(limits.lagFaultMs);
  expect(kinds(cluster.overview(leader))).toEqual([`standbyLags ${behind} 0`]);
  cluster.node(behind).states[0] = { ...states[0], role: 'following' };
  cluster.pass(1_000);
  expect(kinds(cluster.overview(leader))).toEqual([]);
});

test('one that is unhealthy is told of by the others, and by itself', () => {
  const cluster = ScriptedCluster.of(2);
  cluster.tell('n1', { kind: 'health', healthy: false, queued: 7, ailment: 'executors' });
  cluster.pass(500);
  for (const id of ['n0', 'n1']) {
    expect(kinds(cluster.overview(id))).toEqual(['memberUnhealthy n1']);
    expect(cluster.overview(id).faults[0]?.what).toContain('its canary tasks do not come through');
  }
  expect(cluster.overview('n0').members[1]).toMatchObject({ healthy: false, queued: 7 });
  expect(cluster.overview('n1').members[1]).toMatchObject({ healthy: false, queued: 7 });
});

test('a node that cannot read the map says that it is cut off, until it can', () => {
  const cluster = ScriptedCluster.of(2);
  cluster.cutFromMap('n1');
  cluster.pass(limits.cutOffMs - 1_000);
  expect(kinds(cluster.overview('n1'))).toEqual([]);
  cluster.pass(2_000);
  expect(kinds(cluster.overview('n1'))).toEqual(['cutOff n1']);
  expect(kinds(cluster.overview('n0'))).toEqual([]);
  cluster.healAll();
  cluster.pass(2_000);
  expect(kinds(cluster.overview('n1'))).toEqual([]);
});

test('a partition that failed at one node is told of by all, for a while', () => {
  const cluster = ScriptedCluster.of(2);
  const { recorder } = cluster.node('n1').core;
  recorder.failed({ partition: 2, code: 'REPLICA_DIFFERS', member: 'n1', atMs: cluster.nowMs });
  cluster.pass(500);
  expect(kinds(cluster.overview('n0'))).toEqual(['replicaDiffers n1 2']);
  cluster.pass(limits.clusterFaultKeptMs);
  expect([...kinds(cluster.overview('n0')), ...kinds(cluster.overview('n1'))]).toEqual([]);
});

test('what an app lacks that others have, and tasks that nobody can run', () => {
  const cluster = ScriptedCluster.of(1);
  cluster.start('n1', { app: 'v2', functions: ['send', 'render'] });
  cluster.pass(10_000);
  const waiting = [
    { name: 'send', queued: 4 },
    { name: 'old', queued: 1 },
    { name: 'older', queued: 0 },
  ];
  const first = cluster.overview('n0', { waiting });
  expect(first.members.map(({ lacks, lacksCount }) => [lacks, lacksCount])).toEqual([
    [['render'], 1],
    [[], 0],
  ]);
  expect(first.faults).toEqual([
    expect.objectContaining({ kind: 'functionMissing', what: "1 task waits: no member's app has old." }),
  ]);
  cluster.pass(1_000);
  expect(cluster.overview('n0', { waiting }).faults).toEqual(first.faults);
});

test('servers of the engine that are down, and no connection to any', () => {
  const cluster = ScriptedCluster.of(1);
  const server = { online: true, leader: false, lag: 0 };
  const engine = {
    kind: 'nats' as const,
    connected: false,
    servers: [
      { ...server, name: 's1' },
      { ...server, name: 's2', online: false },
    ],
  };
  expect(kinds(cluster.overview('n0', { engine }))).toEqual(['serverDown', 'serverDown s2']);
  expect(cluster.overview('n0', { engine }).engine).toBe(engine);
});

test('what the server beside a node has told of itself is told by all nodes, of each kind once', () => {
  const cluster = ScriptedCluster.of(2);
  const troubles = ['streamReset', 'writeError'] as const;
  cluster.tell('n1', { kind: 'health', healthy: true, queued: 0, troubles });
  cluster.pass(500);
  for (const id of ['n0', 'n1']) {
    expect(kinds(cluster.overview(id))).toEqual(['serverTrouble n1', 'serverTrouble n1']);
    expect(cluster.overview(id).faults[1]?.what).toMatch(/NATS server of n1 .* could not write/);
  }
  cluster.tell('n1', { kind: 'health', healthy: true, queued: 0 });
  cluster.pass(500);
  expect(kinds(cluster.overview('n0'))).toEqual([]);
});

test('all of it is bounded, whatever happens', () => {
  const cluster = ScriptedCluster.of(1, { partitions: 4 });
  const { recorder } = cluster.node('n0').core;
  for (let count = 0; count < 3 * limits.clusterMovesKept; count++) {
    recorder.mapLost('putBack', cluster.nowMs);
    recorder.failed({ partition: count, code: 'LOG_DAMAGED', member: 'n0', atMs: cluster.nowMs });
  }
  const { moves, faults } = cluster.overview('n0');
  expect([moves.length, faults.length]).toEqual([limits.clusterMovesKept, limits.clusterFaultsShown]);
  cluster.pass(1_000);
  // By this the node is judged, so it is not left out, however much is older.
  expect(kinds(cluster.overview('n0'))).not.toContain('memberUnhealthy n0');
  cluster.tell('n0', { kind: 'health', healthy: false, queued: 0, ailment: 'store' });
  expect(kinds(cluster.overview('n0'))).toContain('memberUnhealthy n0');
});
