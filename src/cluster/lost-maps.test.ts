import { describe, expect, test } from 'vitest';
import { ScriptedCluster } from './cluster.fixture.ts';

describe('a log of maps', () => {
  const newest = (cluster: ScriptedCluster): string => JSON.stringify(cluster.map);

  test('that has lost its tail gets the newest map back, once, from whoever has read it', () => {
    const cluster = ScriptedCluster.of(3);
    const before = newest(cluster);
    cluster.loseMaps(2);
    expect(newest(cluster)).not.toBe(before);
    const count = cluster.maps.length;
    cluster.pass(3_000);
    expect(newest(cluster)).toBe(before);
    expect(cluster.maps.length).toBe(count + 1);
    for (const { commands } of cluster.nodes.values())
      for (const command of commands) expect(command).toContain('confirm');
  });

  test('that was made anew gets it back, and nobody begins another cluster who hears of it', () => {
    const cluster = ScriptedCluster.of(3);
    const { clusterId } = cluster.map;
    cluster.loseMaps(cluster.maps.length);
    cluster.start('n3');
    cluster.pass(20_000);
    expect(cluster.map.clusterId).toBe(clusterId);
    expect(cluster.map.members.map(({ id, state }) => `${id} ${state}`)).toEqual(['n0 up', 'n1 up', 'n2 up', 'n3 up']);
    for (const { core } of cluster.nodes.values()) expect(core.map).toEqual(cluster.map);
  });

  test('that was gone on from an older map gets the newer one back, and who came meanwhile joins again', () => {
    const cluster = ScriptedCluster.of(3);
    const known = cluster.map.version;
    for (const id of ['n0', 'n1', 'n2']) cluster.cutFromMap(id);
    cluster.loseMaps(3);
    cluster.start('n3');
    cluster.pass(50);
    expect(cluster.stateOf('n3')).toBe('joining');
    expect(cluster.map.version).toBeLessThan(known);
    cluster.healAll();
    cluster.pass(20_000);
    expect(cluster.map.version).toBeGreaterThan(known);
    expect(cluster.map.members.every(({ state }) => state === 'up')).toBe(true);
    expect(cluster.map.members.length).toBe(4);
    for (const { core } of cluster.nodes.values()) expect(core.map).toEqual(cluster.map);
  });

  test('that shows an earlier run of a node again makes the present one join again, not step aside', () => {
    const cluster = ScriptedCluster.of(3);
    for (const id of ['n0', 'n1', 'n2']) cluster.cutFromMap(id);
    cluster.loseMaps(cluster.maps.length - 1);
    cluster.end('n2');
    cluster.mapCut.delete('n2');
    cluster.start('n2');
    cluster.pass(50);
    const lowest = cluster.node('n2').core.incarnation;
    expect(lowest).toBeGreaterThan(0);
    cluster.healAll();
    cluster.pass(30_000);
    expect(cluster.node('n2').stopped).toBeUndefined();
    expect(cluster.node('n2').core.incarnation).toBeGreaterThan(lowest);
    expect(cluster.map.members.map(({ id, state }) => `${id} ${state}`)).toEqual(['n0 up', 'n1 up', 'n2 up']);
  });

  test('that has lost the joining of a run that was heard does not make the next one unheard', () => {
    const cluster = ScriptedCluster.of(2);
    const maps = cluster.maps.length;
    cluster.cutFromMap('n0');
    for (let runs = 0; runs < 3; runs++) {
      cluster.end('n1');
      cluster.start('n1');
      cluster.pass(300);
    }
    const heard = cluster.node('n1').core.incarnation;
    cluster.end('n1');
    cluster.loseMaps(cluster.maps.length - maps);
    cluster.start('n1');
    cluster.healAll();
    cluster.pass(30_000);
    expect(cluster.node('n1').core.incarnation).toBeLessThan(heard);
    expect(cluster.map.members.map(({ id, state }) => `${id} ${state}`)).toEqual(['n0 up', 'n1 up']);
    expect(cluster.maps.length).toBeLessThan(maps + 20);
  });

  test('that has lost the joining of a run does not give its time to the next one of the same number', () => {
    const cluster = ScriptedCluster.of(2);
    cluster.end('n1', true);
    cluster.pass(1_000);
    cluster.start('n1');
    cluster.pass(4_000);
    expect(cluster.stateOf('n1')).toBe('joining');
    const { incarnation } = cluster.node('n1').core;
    cluster.cutFromMap('n0');
    cluster.loseMaps(1);
    cluster.end('n1');
    cluster.start('n1');
    cluster.pass(10);
    expect(cluster.node('n1').core.incarnation).toBe(incarnation);
    cluster.healAll();
    cluster.pass(4_000);
    expect(cluster.stateOf('n1')).toBe('joining');
    cluster.pass(4_000);
    expect(cluster.stateOf('n1')).toBe('up');
  });

  test('whose right one comes back is gone on with from the newest map of both', () => {
    const cluster = ScriptedCluster.of(3);
    const lost = cluster.loseMaps(cluster.maps.length);
    cluster.pass(3_000);
    cluster.end('n2', true);
    cluster.pass(3_000);
    const before = newest(cluster);
    expect(cluster.stateOf('n2')).toBe('dead');
    cluster.maps.splice(0, cluster.maps.length, ...lost);
    cluster.pass(3_000);
    expect(newest(cluster)).toBe(before);
  });

  test('is not written to where reads only lag', () => {
    const cluster = ScriptedCluster.of(3);
    const maps = cluster.maps.length;
    cluster.staleFor.set('n1', maps - 2);
    cluster.pass(5_000);
    expect(cluster.maps.length).toBe(maps);
    expect(cluster.node('n1').core.map).toEqual(cluster.map);
  });
});
