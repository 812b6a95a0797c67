import { expect, test } from 'vitest';
import type { ClusterMemberOverview, ClusterOverview, MemberStateName } from '../protocol/cluster-overview.ts';
import { checkLinks, checkTakesRequests } from './cluster-health.ts';

const clusterWith = (state: MemberStateName | undefined, cutOff?: string): ClusterOverview =>
  ({
    self: 'n1',
    members: state === undefined ? [] : [{ id: 'n1', state } as ClusterMemberOverview],
    faults: [
      { kind: 'memberSilent', what: 'n2 is not heard.', member: 'n2', partition: undefined, since: new Date(0) },
      ...(cutOff === undefined
        ? []
        : [
            {
              kind: 'cutOff' as const,
              what: `${cutOff} cannot read the map of the cluster.`,
              member: cutOff,
              partition: undefined,
              since: new Date(1_000),
            },
          ]),
    ],
  }) as unknown as ClusterOverview;

test('a node is well whatever becomes of others, and not when it is cut off itself: it says from what, and since when', () => {
  expect(() => checkLinks(clusterWith('up'))).not.toThrow();
  expect(() => checkLinks(clusterWith('up', 'n2'))).not.toThrow();
  expect(() => checkLinks(clusterWith('up', 'n1'))).toThrow(
    expect.objectContaining({
      code: 'NOT_READY',
      message: 'n1 cannot read the map of the cluster. It is cut off from its cluster since 1970-01-01T00:00:01.000Z.',
    }),
  );
});

test('who leaves, is not in yet, or is cut off takes no requests', () => {
  for (const state of ['up', 'joining'] as const) expect(() => checkTakesRequests(clusterWith(state))).not.toThrow();
  for (const cluster of [
    clusterWith('draining'),
    clusterWith('left'),
    clusterWith('dead'),
    clusterWith(undefined),
    clusterWith('up', 'n1'),
  ])
    expect(() => checkTakesRequests(cluster)).toThrow(expect.objectContaining({ code: 'NOT_READY', retry: 'later' }));
});
