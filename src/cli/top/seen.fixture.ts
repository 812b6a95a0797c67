/** A small cluster as `tutti top` is shown it. */
import type { ClusterMemberOverview, ClusterOverview } from '../../protocol/cluster-overview.ts';
import { emptyHistogram } from '../../protocol/histogram.ts';
import type { FunctionOverview, Overview } from '../../protocol/overview.ts';
import type { TaskStatus } from '../../protocol/task-view.ts';
import type { Seen } from './resource.ts';

const time = new Date('2026-11-26T12:00:00.000Z');
const ago = (seconds: number): Date => new Date(time.getTime() - seconds * 1_000);

const member = (id: string, more: Partial<ClusterMemberOverview> = {}): ClusterMemberOverview => ({
  ...{ id, state: 'up', location: `eu/${id}`, weight: 1, app: 'v1', incarnation: 1, deaths: 0, heard: true },
  ...{ silentMs: 100, healthy: true, queued: 3, leads: 2, follows: 2, url: undefined, lacks: [], lacksCount: 0 },
  ...more,
});

export const cluster: ClusterOverview = {
  ...{ name: 'shop', clusterId: 'c', mapVersion: 17, featureLevel: 1, self: 'n1', mapReadMs: 200, echoMs: 100 },
  settings: { partitions: 6, standbys: 1, movesMax: 2 },
  members: [
    member('n1', { silentMs: undefined, load: 1_200 }),
    member('n2', { load: 40 }),
    member('n3', { heard: false, silentMs: 2_100 }),
  ],
  partitions: Array.from({ length: 6 }, (_, partition) => ({
    partition,
    named: `n${(partition % 3) + 1}`,
    leader:
      partition === 5 ? undefined : { member: `n${(partition % 3) + 1}`, epoch: 100 + partition, position: 1_000 },
    standbys: [{ member: `n${((partition + 1) % 3) + 1}`, named: true, following: true, position: 988, lag: 12 }],
    ...{ pinned: '', throttled: false },
    underWay: partition === 5 ? ({ what: 'unled', member: undefined, since: ago(2) } as const) : undefined,
  })),
  faults: [
    { kind: 'memberSilent', what: 'n3 is not heard.', member: 'n3', partition: undefined, since: ago(2) },
    { kind: 'partitionUnled', what: 'Nobody leads partition 5; n3 is to.', member: 'n3', partition: 5, since: ago(2) },
  ],
  moves: [
    { number: 2, at: ago(60), what: 'handedOver', partition: 1, from: 'n1', to: 'n2', tookMs: 4 },
    { number: 1, at: ago(90), what: 'up', partition: undefined, from: undefined, to: 'n3', tookMs: undefined },
  ],
};

const functionOf = (name: string): FunctionOverview => ({
  ...{ name, started: 9, completed: 6, failed: 1, cancelled: 0, failedAttempts: 1, items: 0 },
  ...{ queued: 1, scheduled: 0, running: 1, waiting: 0, runTime: emptyHistogram, waitTime: emptyHistogram },
});

const overview = {
  ...{ time, startedAt: ago(3_600), partitions: [], executors: [], logs: [], threads: [] },
  functions: ['invoice', 'send'].map(functionOf),
  cluster,
} as unknown as Overview;

const task = (id: string, name: string): TaskStatus => ({
  ...{ id, name, state: 'running', key: undefined, createdAt: ago(10), startedAt: ago(9), finishedAt: undefined },
  ...{ attempts: 1, steps: 0, progress: undefined, error: undefined, parent: undefined },
});

export const seen: Seen = { overview, tasks: [task('A1', 'send'), task('B2', 'invoice'), task('C3', 'send')] };
