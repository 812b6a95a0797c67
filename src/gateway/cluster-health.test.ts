import { expect, test } from 'vitest';
import type {
  ClusterFaultKind,
  ClusterMemberOverview,
  ClusterOverview,
  MemberStateName,
} from '../protocol/cluster-overview.ts';
import { checkTakesRequests, checkWell } from './cluster-health.ts';

const clusterWith = (
  state: MemberStateName | undefined,
  kind: ClusterFaultKind = 'memberSilent',
  member = 'n2',
): ClusterOverview =>
  ({
    self: 'n1',
    members: state === undefined ? [] : [{ id: 'n1', state } as ClusterMemberOverview],
    faults: [{ kind, what: `What ${member} has.`, member, partition: undefined, since: new Date(1_000) }],
  }) as unknown as ClusterOverview;

test('a node is well whatever becomes of others, and not when it is cut off or ails itself: it says what it has, and since when', () => {
  for (const kind of ['memberSilent', 'cutOff', 'memberUnhealthy'] as const)
    expect(() => checkWell(clusterWith('up', kind))).not.toThrow();
  expect(() => checkWell(clusterWith('up', 'standbyLags', 'n1'))).not.toThrow();
  const refusals = [
    ['cutOff', 'What n1 has. It is cut off from its cluster since 1970-01-01T00:00:01.000Z.'],
    ['memberUnhealthy', 'What n1 has. It is ailing since 1970-01-01T00:00:01.000Z.'],
  ] as const;
  for (const [kind, message] of refusals)
    expect(() => checkWell(clusterWith('up', kind, 'n1'))).toThrow(
      expect.objectContaining({ code: 'NOT_READY', message }),
    );
});

test('who leaves, is not in yet, ails, or is cut off takes no requests', () => {
  for (const state of ['up', 'joining'] as const) expect(() => checkTakesRequests(clusterWith(state))).not.toThrow();
  for (const cluster of [
    clusterWith('draining'),
    clusterWith('left'),
    clusterWith('dead'),
    clusterWith(undefined),
    clusterWith('up', 'cutOff', 'n1'),
    clusterWith('up', 'memberUnhealthy', 'n1'),
  ])
    expect(() => checkTakesRequests(cluster)).toThrow(expect.objectContaining({ code: 'NOT_READY', retry: 'later' }));
});
