import { expect, test } from 'vitest';
import { ScriptedCluster } from './cluster.fixture.ts';
import type { ClusterMap } from './cluster-map.ts';
import { LastLeaders } from './last-leaders.ts';

const map = ScriptedCluster.of(3, { partitions: 6 }).map;
const tokenOf = (id: string): string => map.members.find((member) => member.id === id)?.token as string;
const ledBy = (id: string): readonly number[] =>
  map.partitions.flatMap(({ leader }, partition) => (leader === id ? [partition] : []));
const all = map.partitions.map((_, partition) => partition);
const joined = (id: string, token: string): ClusterMap => ({
  ...map,
  members: map.members.map((member) => (member.id === id ? { ...member, token } : member)),
});

test('a node that comes back knows that the run of it that stands in the map has ended, and led what it names', () => {
  const leaders = new LastLeaders({ id: 'n0', token: 'another run' });
  leaders.follow(map);
  expect(leaders.hasEnded(tokenOf('n0'))).toBe(true);
  expect(all.filter((partition) => leaders.leaderEnded(partition))).toEqual(ledBy('n0'));
  leaders.follow(joined('n0', 'another run'));
  expect(all.filter((partition) => leaders.leaderEnded(partition))).toEqual(ledBy('n0'));
});

test('of what others were heard to lead since, its end is not to blame', () => {
  const leaders = new LastLeaders({ id: 'n0', token: 'another run' });
  const [first, ...others] = ledBy('n0') as [number, ...number[]];
  leaders.leads(first, tokenOf('n1'));
  leaders.follow(map);
  expect(all.filter((partition) => leaders.leaderEnded(partition))).toEqual(others);
  leaders.runEnded(tokenOf('n1'));
  expect(leaders.leaderEnded(first)).toBe(true);
});

test('once it has joined, an earlier map that is put back says nothing of ends, and no more does a later run of it', () => {
  const leaders = new LastLeaders({ id: 'n0', token: 'another run' });
  leaders.follow(joined('n0', 'another run'));
  leaders.follow(map);
  leaders.follow(joined('n0', 'a later run'));
  expect(all.filter((partition) => leaders.leaderEnded(partition))).toEqual([]);
});

test('an ended run that no map names is forgotten, unless it led something last', () => {
  const leaders = new LastLeaders({ id: 'n0', token: tokenOf('n0') });
  leaders.leads(0, tokenOf('n1'));
  for (const id of ['n1', 'n2']) leaders.runEnded(tokenOf(id));
  leaders.follow({ ...map, members: map.members.filter(({ id }) => id === 'n0') });
  expect(leaders.hasEnded(tokenOf('n1'))).toBe(true);
  expect(leaders.hasEnded(tokenOf('n2'))).toBe(false);
});
