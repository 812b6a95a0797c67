import { expect, test } from 'vitest';
import { histogramBoundsMs, type Overview } from '../protocol/overview.ts';
import { metricsText } from './metrics.ts';

const histogram = (counts: Readonly<Record<number, number>>, sumMs: number) => ({
  counts: [...histogramBoundsMs, 0].map((_, index) => counts[index] ?? 0),
  sumMs,
});
const loopDelay = { p50Ms: 1, p99Ms: 5, maxMs: 20 };

const functionOf = (name: string | undefined): Overview['functions'][number] => ({
  name,
  started: 10,
  completed: 6,
  failed: 1,
  cancelled: 1,
  failedAttempts: 3,
  items: 40,
  queued: 1,
  scheduled: 0,
  running: 3,
  waiting: 2,
  runTime: histogram({ 0: 2, 4: 3, [histogramBoundsMs.length]: 1 }, 5_000),
  waitTime: histogram({}, 0),
});

const overview: Overview = {
  time: new Date(100_000),
  startedAt: new Date(40_000),
  functions: [functionOf('billing.invoice'), functionOf(undefined), functionOf('odd "name"\\\n')],
  partitions: [
    {
      partition: 0,
      leading: true,
      epoch: 7,
      position: 1_000,
      checkpointPosition: 900,
      checkpointAt: undefined,
      dirtyRows: 12,
      pendingSteps: 2,
      tasks: 4,
      finished: 8,
      queueDepth: 1,
      oldestQueuedAt: new Date(97_500),
    },
  ],
  executors: [{ executor: 3, slots: 8, busy: 2, waiting: 1, loopDelay, silentMs: 0 }],
  logs: [{ log: 0, bytes: 4_096, appends: 9, syncs: 5, syncTime: histogram({ 3: 5 }, 2) }],
  threads: [{ name: 'state', loopDelay }],
  // Not for metrics: who reads them keeps their history.
  history: { stepMs: 1_000 } as Overview['history'],
};

type Family = { type: string; help: string; samples: Map<string, number> };

/** Reads the text format as its description says, and refuses what it does not allow. */
const parse = (text: string): ReadonlyMap<string, Family> => {
  const families = new Map<string, Family>();
  let family: Family | undefined;
  let name = '';
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (help !== null) {
      name = help[1] as string;
      expect(families.has(name), `${name} comes twice`).toBe(false);
      family = { type: '', help: help[2] as string, samples: new Map() };
      families.set(name, family);
    } else if (type !== null) {
      expect(type[1]).toBe(name);
      (family as Family).type = type[2] as string;
    } else {
      const sample = /^([a-zA-Z_:][\w:]*)((?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (\S+)$/.exec(line);
      expect(sample, line).not.toBeNull();
      const [, metric, labels, value] = sample as unknown as [string, string, string, string];
      const suffix = family?.type === 'histogram' ? metric.slice(name.length) : '';
      if (suffix !== '') expect(['_bucket', '_sum', '_count']).toContain(suffix);
      expect(metric).toBe(name + suffix);
      expect(Number.isNaN(Number(value)), line).toBe(false);
      expect(family?.samples.has(suffix + labels), line).toBe(false);
      family?.samples.set(suffix + labels, Number(value));
    }
  }
  return families;
};

const standby = { named: true, following: true, position: 900 };
const cluster = {
  self: 'n1',
  mapVersion: 17,
  mapReadMs: 1_500,
  members: [
    { id: 'n1', state: 'up', heard: true, load: 1_200 },
    { id: 'n2', state: 'up', heard: false, load: 0 },
    { id: 'n3', state: 'draining', heard: true },
  ],
  partitions: [
    { partition: 0, leader: { member: 'n1' }, standbys: [{ ...standby, member: 'n2', lag: 7 }] },
    { partition: 1, leader: { member: 'n3' }, standbys: [{ ...standby, member: 'n1', lag: 12 }] },
    { partition: 2, leader: undefined, standbys: [{ ...standby, member: 'n1', lag: undefined }] },
  ],
  engine: { kind: 'nats', connected: true, servers: [{ name: 's1', online: false, leader: false, lag: 3 }] },
  faults: [{ kind: 'memberSilent' }, { kind: 'partitionUnled' }, { kind: 'partitionUnled' }],
} as unknown as NonNullable<Overview['cluster']>;

const families = parse(metricsText({ ...overview, cluster }));
const samplesOf = (name: string): Record<string, number> => Object.fromEntries(families.get(name)?.samples ?? []);

test('each metric has a type and what it means; counters end in _total', () => {
  for (const [name, { type, help, samples }] of families) {
    expect(type, name).not.toBe('');
    expect(help.endsWith('.'), name).toBe(true);
    expect(samples.size, name).toBeGreaterThan(0);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
  }
});

test('of each function: counts by outcome, and what is unfinished by state, each task in one', () => {
  expect(samplesOf('tutti_tasks_finished_total')).toMatchObject({
    '{task="billing.invoice",outcome="completed"}': 6,
    '{task="billing.invoice",outcome="failed"}': 1,
    '{task="",outcome="cancelled"}': 1,
    '{task="odd \\"name\\"\\\\\\n",outcome="completed"}': 6,
  });
  expect(samplesOf('tutti_map_items_done_total')).toMatchObject({ '{task="billing.invoice"}': 40 });
  expect(samplesOf('tutti_tasks')).toMatchObject({
    '{task="billing.invoice",state="running"}': 1,
    '{task="billing.invoice",state="waiting"}': 2,
  });
});

test('histograms are cumulative, in seconds, and end with all there are', () => {
  const samples = samplesOf('tutti_attempt_seconds');
  const buckets = Object.entries(samples).filter(([labels]) => labels.startsWith('_bucket{task="billing.invoice"'));
  const counts = buckets.map(([, count]) => count);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(samples['_bucket{task="billing.invoice",le="0.0000625"}']).toBe(2);
  expect(samples['_bucket{task="billing.invoice",le="0.001"}']).toBe(5);
  expect(samples['_bucket{task="billing.invoice",le="+Inf"}']).toBe(6);
  expect(samples['_count{task="billing.invoice"}']).toBe(6);
  expect(samples['_sum{task="billing.invoice"}']).toBe(5);
});

test('what is known of partitions, executors, logs and threads is told; what is not is left out', () => {
  expect(samplesOf('tutti_queue_oldest_seconds')).toEqual({ '{partition="0"}': 2.5 });
  expect(samplesOf('tutti_partition_checkpoint_age_seconds')).toEqual({});
  expect(samplesOf('tutti_executor_slots_busy')).toEqual({ '{executor="3"}': 2 });
  expect(samplesOf('tutti_log_syncs_total')).toEqual({ '{log="0"}': 5 });
  expect(samplesOf('tutti_event_loop_delay_seconds')).toMatchObject({
    '{thread="state",quantile="0.99"}': 0.005,
    '{thread="executor-3",quantile="1"}': 0.02,
  });
});

test('of its cluster a node tells what it sees, and how far its own copies are behind', () => {
  expect(samplesOf('tutti_cluster_members')).toEqual({
    '{state="joining"}': 0,
    '{state="up"}': 2,
    '{state="draining"}': 1,
    '{state="left"}': 0,
    '{state="dead"}': 0,
  });
  const one = (name: string): number | undefined => samplesOf(name)[''];
  expect(one('tutti_cluster_members_heard')).toBe(2);
  // The third has not said.
  expect(samplesOf('tutti_cluster_member_load')).toEqual({ '{member="n1"}': 1_200, '{member="n2"}': 0 });
  expect(one('tutti_cluster_map_version')).toBe(17);
  expect(one('tutti_cluster_map_age_seconds')).toBe(1.5);
  expect(one('tutti_cluster_partitions_led')).toBe(1);
  expect(one('tutti_cluster_partitions_unled')).toBe(1);
  expect(samplesOf('tutti_partition_lag_records')).toEqual({ '{partition="1"}': 12 });
  expect(samplesOf('tutti_cluster_faults')).toEqual({ '{kind="memberSilent"}': 1, '{kind="partitionUnled"}': 2 });
  expect(samplesOf('tutti_engine_server_online')).toEqual({ '{server="s1"}': 0 });
});

test('a node without a cluster tells nothing of one', () => {
  expect([...parse(metricsText(overview)).keys()].filter((name) => name.includes('cluster'))).toEqual([]);
});
