import { expect, test } from 'vitest';
import { type ClusterMap, newClusterMap, withMember } from './cluster-map.ts';
import { membersWith, SpecAsk, type SpecDecision } from './spec-ask.ts';

const times = { askMs: 100, waitMs: 350 };
const asks = (run: string): SpecDecision => ({ kind: 'ask', run });
const waits = (untilMs: number): SpecDecision => ({ kind: 'wait', untilMs });
const givesUp = (...silent: readonly string[]): SpecDecision => ({ kind: 'giveUp', silent });

test('S1: nobody has it: it is given up at once', () => {
  expect(new SpecAsk(0, times).decide([], 0)).toEqual(givesUp());
});

test('S1: who cannot say is followed by the next one at once; when none can, it is over', () => {
  const ask = new SpecAsk(0, times);
  expect(ask.decide(['a', 'b'], 0)).toEqual(asks('a'));
  expect(ask.decide(['a', 'b'], 0)).toEqual(waits(100));
  ask.cannot('a');
  expect(ask.decide(['a', 'b'], 5)).toEqual(asks('b'));
  ask.cannot('b');
  expect(ask.decide(['a', 'b'], 10)).toEqual(givesUp());
});

test('S1: beside who keeps silent another is asked after a while; one that is gone is not waited for', () => {
  const ask = new SpecAsk(0, times);
  expect(ask.decide(['a', 'b', 'c'], 0)).toEqual(asks('a'));
  expect(ask.decide(['a', 'b', 'c'], 99)).toEqual(waits(100));
  expect(ask.decide(['a', 'b', 'c'], 100)).toEqual(asks('b'));
  expect(ask.decide(['a', 'b', 'c'], 100)).toEqual(waits(200));
  expect(ask.decide(['c'], 110)).toEqual(asks('c'));
  expect(ask.decide([], 120)).toEqual(givesUp('a', 'b', 'c'));
});

test('S1: one that comes later is asked', () => {
  const ask = new SpecAsk(0, times);
  expect(ask.decide(['a'], 0)).toEqual(asks('a'));
  ask.cannot('a');
  expect(ask.decide(['a', 'b'], 50)).toEqual(asks('b'));
});

test('S2, S3: who alone is left is asked again, and after a time no more', () => {
  const ask = new SpecAsk(1_000, times);
  expect(ask.endMs).toBe(1_350);
  const decisions = [1_000, 1_000, 1_100, 1_200, 1_300, 1_300, 1_350].map((nowMs) => ask.decide(['a'], nowMs));
  expect(decisions).toEqual([asks('a'), waits(1_100), asks('a'), asks('a'), asks('a'), waits(1_350), givesUp('a')]);
});

test('S2: of several that keep silent, who was asked longest ago', () => {
  const ask = new SpecAsk(0, times);
  expect([0, 100, 200].map((nowMs) => ask.decide(['a', 'b'], nowMs))).toEqual([asks('a'), asks('b'), asks('a')]);
});

test('members whose app has the task are taken in turn, but for oneself and who is not there; who is about to go last', () => {
  const member = { location: '', weight: 1, featureLevel: 1, incarnation: 1, deaths: 0 };
  const empty = newClusterMap('c', 1, { partitions: 1, standbys: 1, movesMax: 1 });
  const members = [
    ['a', 'old', 'up'],
    ['b', 'new', 'up'],
    ['c', 'new', 'draining'],
    ['d', 'new', 'up'],
    ['e', 'new', 'dead'],
    ['f', 'new', 'up'],
  ] as const;
  let map: ClusterMap = { ...empty, apps: { old: ['send'], new: ['pay', 'send'] } };
  for (const [id, app, state] of members) map = withMember(map, { ...member, id, token: `run of ${id}`, app, state });
  const there = (gone: string) => (each: { readonly id: string }) => each.id !== gone;
  const ids = (name: string, self: string, gone: string, turn: number) =>
    membersWith(map, name, self, there(gone), turn).map(({ id }) => id);
  expect(ids('pay', 'a', 'f', 0)).toEqual(['b', 'd', 'c']);
  expect(ids('pay', 'a', 'f', 1)).toEqual(['d', 'b', 'c']);
  expect(ids('pay', 'a', '', 3)).toEqual(['f', 'b', 'd', 'c']);
  expect(ids('pay', 'b', 'f', 0)).toEqual(['d', 'c']);
  expect(ids('other', 'a', '', 5)).toEqual([]);
});
