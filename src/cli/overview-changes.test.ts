import { expect, test } from 'vitest';
import type { ClusterFault, ClusterMove, ClusterOverview } from '../protocol/cluster-overview.ts';
import type { Overview } from '../protocol/overview.ts';
import { changeLines } from './overview-changes.ts';

const at = (second: number): Date => new Date(second * 1_000);
const silent: ClusterFault = {
  kind: 'memberSilent',
  what: 'n2 is not heard.',
  member: 'n2',
  partition: undefined,
  since: at(1),
};
const move = (number: number): ClusterMove => ({
  number,
  at: at(number),
  what: 'tookOver',
  partition: number,
  from: 'n2',
  to: 'n1',
  tookMs: 800,
});
const seen = (second: number, cluster: Partial<ClusterOverview>): Overview =>
  ({
    time: at(second),
    functions: [],
    partitions: [],
    cluster: { self: 'n1', members: [], partitions: [], faults: [], moves: [], ...cluster },
  }) as unknown as Overview;

test('of the first look how it is; then moves in order, faults as they begin and end, and nothing twice', () => {
  const first = seen(2, { moves: [move(1)] });
  const second = seen(4, { moves: [move(3), move(2), move(1)], faults: [silent] });
  const third = seen(5, { moves: [move(3), move(2), move(1)] });
  expect(changeLines(undefined, first)).toEqual([
    '1970-01-01T00:00:02.000Z 0 of 0 nodes heard, 0 of 0 partitions led, 0 running, 0 queued, 0 failed',
  ]);
  expect(changeLines(first, second)).toEqual([
    '1970-01-01T00:00:02.000Z n1 took partition 2 over from n2, in 800 ms',
    '1970-01-01T00:00:03.000Z n1 took partition 3 over from n2, in 800 ms',
    '1970-01-01T00:00:04.000Z fault: n2 is not heard (for 3 s)',
  ]);
  expect(changeLines(second, third)).toEqual(['1970-01-01T00:00:05.000Z over: n2 is not heard.']);
  expect(changeLines(third, third)).toEqual([]);
});

test('another node that answers does not tell again what was told', () => {
  expect(changeLines(seen(2, { moves: [move(1)] }), seen(3, { self: 'n3', moves: [move(9)] }))).toEqual([]);
});
