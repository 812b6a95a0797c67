import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { ScriptedCluster } from './cluster.fixture.ts';
import { takesPart } from './cluster-map.ts';

describe('a cluster that begins', () => {
  test('has one map, all members up, each partition led by whom it names, and shares by weight', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 8, weights: [2, 1, 1] });
    expect(cluster.map.members.map(({ id, state }) => `${id} ${state}`)).toEqual(['n0 up', 'n1 up', 'n2 up']);
    expect(cluster.loads()).toEqual({ n0: 4, n1: 2, n2: 2 });
    for (const [partition, { leader, standbys }] of cluster.map.partitions.entries()) {
      expect(cluster.leaders(partition)).toEqual([leader]);
      expect(cluster.node(standbys[0] as string).states[partition]?.role).toBe('following');
    }
    for (const { core } of cluster.nodes.values()) expect(core.map).toEqual(cluster.map);
  });

  test('is at rest then: no map, no command but proofs of leadership', () => {
    const cluster = ScriptedCluster.of(4, { partitions: 8 });
    const maps = cluster.maps.length;
    cluster.pass(60_000);
    expect(cluster.maps.length).toBe(maps);
    for (const { commands } of cluster.nodes.values())
      for (const command of commands) expect(command).toContain('confirm');
  });

  test('knows what each version of the app can run', () => {
    expect(ScriptedCluster.of(2).map.apps).toEqual({ v1: ['send'] });
  });
});

describe('a member that dies', () => {
  test('is replaced by its standbys as soon as its connections close, and at once after its silence', () => {
    for (const closed of [true, false]) {
      const cluster = ScriptedCluster.of(3, { partitions: 6 });
      const own = cluster.map.partitions.map(({ leader, standbys }) => (leader === 'n1' ? standbys[0] : undefined));
      cluster.end('n1', closed);
      cluster.pass(closed ? 500 : 2_000);
      expect(cluster.stateOf('n1')).toBe('dead');
      for (const [partition, standby] of own.entries())
        if (standby !== undefined) expect(cluster.leaders(partition)).toEqual([standby]);
      for (const { leader, standbys } of cluster.map.partitions) expect([leader, ...standbys]).not.toContain('n1');
    }
  });

  test('that one cut link hides is not declared dead, and deposes nobody', () => {
    const cluster = ScriptedCluster.of(3);
    const maps = cluster.maps.length;
    cluster.cut.add('n1>n0');
    cluster.cut.add('n0>n1');
    cluster.pass(20_000);
    expect(cluster.maps.length).toBe(maps);
  });

  test('is declared so by a minority only after a longer wait', () => {
    const cluster = ScriptedCluster.of(5);
    for (const id of ['n2', 'n3', 'n4']) cluster.end(id);
    cluster.pass(6_000);
    expect(cluster.map.members.filter(({ state }) => state === 'dead')).toEqual([]);
    cluster.pass(4_000);
    expect(cluster.map.members.filter(({ state }) => state === 'dead').length).toBe(3);
    for (const partition of cluster.map.partitions.keys()) expect(cluster.leaders(partition).length).toBe(1);
  });

  test('and one alone that stood still holds its own pause against nobody', () => {
    const cluster = ScriptedCluster.of(2);
    const maps = cluster.maps.length;
    cluster.nowMs += 60_000;
    cluster.pass(5_000);
    expect(cluster.maps.length).toBe(maps);
  });

  test('though it lives joins again, and gives up nothing before others have it', () => {
    const cluster = ScriptedCluster.of(3);
    cluster.isolate('n2');
    cluster.cutFromMap('n2');
    cluster.pass(3_000);
    expect(cluster.stateOf('n2')).toBe('dead');
    cluster.healAll();
    cluster.pass(1_000);
    expect(cluster.stateOf('n2')).toBe('joining');
  });
});

describe('a member that flaps', () => {
  test('is given nothing before a quiet time, which grows each time', () => {
    const cluster = ScriptedCluster.of(3);
    const quietMs: number[] = [];
    for (let time = 0; time < 4; time++) {
      cluster.end('n2', true);
      cluster.pass(500);
      cluster.start('n2');
      cluster.pass(500);
      const began = cluster.nowMs;
      while (cluster.stateOf('n2') !== 'up') {
        for (const { leader, standbys } of cluster.map.partitions) expect([leader, ...standbys]).not.toContain('n2');
        cluster.pass(100);
      }
      quietMs.push(cluster.nowMs - began);
    }
    for (const [time, ms] of quietMs.entries()) {
      expect(ms).toBeGreaterThan(5_000 * 2 ** time - 1_000);
      expect(ms).toBeLessThan(5_000 * 2 ** time + 500);
    }
  });

  test('so fast that nobody missed it gets nothing back at once either', () => {
    const cluster = ScriptedCluster.of(3);
    cluster.end('n2');
    cluster.start('n2');
    cluster.pass(300);
    expect(cluster.stateOf('n2')).toBe('joining');
    for (const { leader } of cluster.map.partitions) expect(leader).not.toBe('n2');
  });

  test('and was dead and back between two maps that another one has read waits anew', () => {
    const cluster = ScriptedCluster.of(2);
    cluster.end('n1', true);
    cluster.pass(200);
    cluster.start('n1');
    cluster.pass(3_000);
    cluster.staleFor.set('n0', cluster.maps.length);
    const { version, members, ...rest } = cluster.map;
    const changed = (by: number, change: object) => ({
      ...rest,
      version: version + by,
      members: members.map((member) => (member.id === 'n1' ? { ...member, ...change } : member)),
    });
    cluster.maps.push(changed(1, { state: 'dead', deaths: 2 }), changed(2, { state: 'joining', deaths: 2 }));
    cluster.staleFor.clear();
    cluster.pass(9_000);
    expect(cluster.stateOf('n1')).toBe('joining');
    cluster.pass(3_000);
    expect(cluster.stateOf('n1')).toBe('up');
  });

  test('is forgiven once it has been steady for long', () => {
    const cluster = ScriptedCluster.of(2);
    cluster.end('n1', true);
    cluster.pass(500);
    cluster.start('n1');
    cluster.pass(7_000);
    expect(cluster.map.members[1]).toMatchObject({ state: 'up', deaths: 1 });
    cluster.pass(600_000);
    expect(cluster.map.members[1]?.deaths).toBe(0);
  });

  test('what a run that has ended still sent is not taken for the next one', () => {
    const cluster = ScriptedCluster.of(2);
    const old = cluster.map.members[1]!;
    cluster.end('n1', true);
    cluster.pass(200);
    cluster.start('n1');
    cluster.pass(200);
    cluster.end('n1');
    for (let passed = 0; passed < 4_000; passed += 100) {
      const partitions = [{ partition: 0, role: 'leading' as const, epoch: 99, position: 99 }];
      const heartbeat = { mapVersion: 0, healthy: true, queued: 0, suspects: [], partitions };
      cluster.tell('n0', {
        kind: 'heartbeat',
        heartbeat: { ...heartbeat, member: 'n1', incarnation: old.incarnation },
      });
      cluster.pass(100);
    }
    expect(cluster.stateOf('n1')).toBe('dead');
  });

  test('a node that left and came again has a higher incarnation than any before', () => {
    const cluster = ScriptedCluster.of(2);
    const before = cluster.map.members[1]!.incarnation;
    cluster.tell('n1', { kind: 'drain' });
    cluster.pass(5_000);
    cluster.end('n1');
    cluster.pass(5_000);
    expect(cluster.stateOf('n1')).toBeUndefined();
    cluster.start('n1');
    cluster.pass(1_000);
    expect(cluster.map.members[1]?.incarnation).toBeGreaterThan(before);
    expect(cluster.map.members[1]).toMatchObject({ state: 'up', deaths: 0 });
  });
});

describe('a member that joins or leaves', () => {
  test('gets its share by plan: it follows first, and the leader hands over', () => {
    const cluster = ScriptedCluster.of(2, { partitions: 6 });
    cluster.start('n2');
    cluster.pass(10_000);
    expect(cluster.loads()).toEqual({ n0: 2, n1: 2, n2: 2 });
    const moves = [...cluster.nodes].flatMap(([id, { commands }]) => commands.map((command) => `${command} ${id}`));
    const atOf = (what: string): number => Number(/^\d+/.exec(moves.find((move) => move.includes(what)) ?? '')?.[0]);
    for (const [partition, { leader }] of cluster.map.partitions.entries())
      if (leader === 'n2') expect(atOf(`follow ${partition} n2`)).toBeLessThan(atOf(`handOver ${partition}`));
  });

  test('is not named leader before its copy has caught up', () => {
    const cluster = ScriptedCluster.of(1, { partitions: 2, standbys: 0 });
    cluster.lag = 1_000_000;
    cluster.start('n1');
    cluster.pass(10_000);
    expect(cluster.loads()).toEqual({ n0: 2, n1: 0 });
    cluster.lag = 0;
    // Its positions are told with the next heartbeat.
    for (const [partition, state] of cluster.node('n1').states.entries())
      if (state.role === 'following') cluster.node('n1').states[partition] = { ...state, position: 1_000 };
    cluster.pass(5_000);
    expect(cluster.loads()).toEqual({ n0: 1, n1: 1 });
  });

  test('a drain leaves nothing on it, and it is told when it is done; nobody was deposed', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 8 });
    cluster.tell('n0', { kind: 'drain' });
    cluster.pass(10_000);
    expect(cluster.node('n0').stopped).toEqual({ code: undefined });
    expect(cluster.node('n0').states.every(({ role }) => role === 'none')).toBe(true);
    expect(cluster.map.members.map(({ id }) => id)).toEqual(['n1', 'n2']);
    expect(cluster.loads()).toEqual({ n0: 0, n1: 4, n2: 4 });
  });

  test('the last one has nobody to drain to, and leads on', () => {
    const cluster = ScriptedCluster.of(1);
    cluster.tell('n0', { kind: 'drain' });
    cluster.pass(10_000);
    expect(cluster.node('n0').stopped).toBeUndefined();
    expect(cluster.loads()).toEqual({ n0: 4 });
    cluster.start('n1');
    cluster.pass(10_000);
    expect(cluster.node('n0').stopped).toEqual({ code: undefined });
    expect(cluster.loads()).toEqual({ n0: 0, n1: 4 });
  });

  test('no more partitions are on the move at once than the settings say', () => {
    const cluster = ScriptedCluster.of(1, { partitions: 12, standbys: 0, movesMax: 2 });
    cluster.start('n1');
    let most = 0;
    for (let passed = 0; passed < 20_000; passed += 10) {
      cluster.pass(10);
      most = Math.max(most, cluster.map.partitions.filter(({ standbys }) => standbys.length > 0).length);
    }
    expect(cluster.loads()).toEqual({ n0: 6, n1: 6 });
    expect(most).toBe(2);
  });
});

describe('proposals', () => {
  test('of the same by several are harmless, and mostly not made', () => {
    const cluster = ScriptedCluster.of(7, { partitions: 14 });
    const before = cluster.appends.length;
    const maps = cluster.maps.length;
    cluster.end('n3', true);
    cluster.pass(10_000);
    expect(cluster.stateOf('n3')).toBe('dead');
    expect(cluster.appends.length - before).toBe(cluster.maps.length - maps);
  });

  test('an unhealthy member gives its partitions away', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 6 });
    cluster.tell('n1', { kind: 'health', healthy: false, queued: 0 });
    cluster.pass(5_000);
    expect(cluster.loads()).toEqual({ n0: 3, n1: 0, n2: 3 });
    expect(cluster.stateOf('n1')).toBe('up');
  });

  test('an unhealthy member that proposes says the same of itself as the others, and has its share again when it is well', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 6 });
    cluster.tell('n0', { kind: 'health', healthy: false, queued: 0, ailment: 'executors' });
    cluster.pass(5_000);
    expect(cluster.loads()).toEqual({ n0: 0, n1: 3, n2: 3 });
    const maps = cluster.maps.length;
    cluster.pass(60_000);
    expect(cluster.maps.length).toBe(maps);
    cluster.tell('n0', { kind: 'health', healthy: true, queued: 0 });
    cluster.pass(10_000);
    expect(cluster.loads()).toEqual({ n0: 2, n1: 2, n2: 2 });
  });

  test('where all members are unhealthy, nothing is moved', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 6 });
    for (const id of ['n0', 'n1', 'n2']) cluster.tell(id, { kind: 'health', healthy: false, queued: 0 });
    cluster.pass(5_000);
    expect(cluster.loads()).toEqual({ n0: 2, n1: 2, n2: 2 });
  });

  test('an unhealthy leader that hands nothing over is deposed after a while (C5), a healthy one is not', () => {
    const cluster = ScriptedCluster.of(3, { partitions: 6 });
    cluster.stuck.add('n1');
    cluster.tell('n1', { kind: 'health', healthy: false, queued: 0, ailment: 'log' });
    cluster.pass(limits.ailingLeaderMs - 100);
    expect(cluster.loads()).toMatchObject({ n1: 2 });
    cluster.pass(limits.ailingLeaderMs);
    expect(cluster.loads()).toEqual({ n0: 3, n1: 0, n2: 3 });
    const other = ScriptedCluster.of(2, { partitions: 2 });
    other.stuck.add('n1');
    other.tell('n1', { kind: 'drain' });
    other.pass(10 * limits.ailingLeaderMs);
    expect(other.loads()).toEqual({ n0: 1, n1: 1 });
  });

  test('a member that died is forgotten in the end', () => {
    const cluster = ScriptedCluster.of(2, { times: { deadKeptMs: 20_000 } });
    cluster.end('n1', true);
    cluster.pass(15_000);
    expect(cluster.map.members.filter((member) => !takesPart(member)).length).toBe(1);
    cluster.pass(10_000);
    expect(cluster.map.members.length).toBe(1);
  });
});

describe('a node steps aside', () => {
  test('where another process has its name', () => {
    const cluster = ScriptedCluster.of(2);
    const first = cluster.node('n1');
    cluster.start('n1');
    cluster.pass(500);
    first.core.on({ kind: 'map', map: cluster.map, beganMs: cluster.nowMs }, cluster.nowMs);
    const { incarnation } = cluster.node('n1').core;
    const sent = { member: 'n1', incarnation, mapVersion: 1, healthy: true, queued: 0 };
    const heartbeat = { ...sent, suspects: [], partitions: [] };
    const hear = (nowMs: number) => first.core.on({ kind: 'heartbeat', heartbeat }, nowMs);
    expect(hear(cluster.nowMs)).toEqual([]);
    expect(hear(cluster.nowMs + 250)).toMatchObject([{ kind: 'stop', error: { code: 'MEMBER_REPLACED' } }]);
  });

  test('where the cluster has a feature level that it does not know', () => {
    const cluster = new ScriptedCluster();
    cluster.start('n0', { featureLevel: 2 });
    cluster.pass(1_000);
    cluster.start('n1');
    cluster.pass(1_000);
    expect(cluster.node('n1').stopped).toEqual({ code: 'CLUSTER_NEWER' });
    expect(cluster.map.members.map(({ id }) => id)).toEqual(['n0']);
  });
});

test('of a heartbeat that says nothing new nobody looks at the map or its partitions', () => {
  const cluster = ScriptedCluster.of(3, { partitions: 8 });
  const { core } = cluster.node('n0');
  const heartbeat = core.sight!.recorder.peers.heartbeatOf('n1')!;
  const read: (string | symbol)[] = [];
  const watched = new Proxy(cluster.map, {
    get: (map, name) => {
      read.push(name);
      return map[name as keyof typeof map];
    },
  });
  const hears = (more: Partial<typeof heartbeat>) => {
    const before = core.changes;
    read.length = 0;
    core.on({ kind: 'heartbeat', heartbeat: { ...heartbeat, ...more } }, cluster.nowMs);
    return { changed: core.changes > before, looked: read.length > 0 };
  };
  core.on({ kind: 'map', map: watched, beganMs: cluster.nowMs }, cluster.nowMs);
  const moved = heartbeat.partitions.map((report) => ({ ...report, position: report.position + 100 }));
  expect(hears({})).toEqual({ changed: false, looked: false });
  expect(hears({ partitions: moved, queued: 7 })).toEqual({ changed: false, looked: false });
  expect(hears({ partitions: moved.slice(1) })).toEqual({ changed: true, looked: true });
});
