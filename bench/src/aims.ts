/** What each scenario aims at on two cores, and what a prototype without recovery, timers and retries gave there. */

export type Aim = {
  readonly scenario: string;
  readonly callers?: number;
  /** The figure of the line that is compared. */
  readonly figure: string;
  readonly unit: string;
  readonly aim: number;
  readonly better: 'more' | 'less';
  /** What the prototype gave, or what the machine cannot go below: the floor. */
  readonly floor: number | undefined;
  /** No run of a quiet machine is better than this: one that seems so was disturbed while the bare threads ran. */
  readonly bound?: number;
};

export const aims: readonly Aim[] = [
  { scenario: 'tasks-noop', figure: 'per_s', unit: 'tasks/s', aim: 80_000, better: 'more', floor: 162_000 },
  { scenario: 'task-latency', figure: 'p50_ms', unit: 'ms p50', aim: 0.7, better: 'less', floor: 0.48 },
  { scenario: 'steps', figure: 'per_s', unit: 'steps/s', aim: 90_000, better: 'more', floor: 150_000 },
  {
    scenario: 'fan-out',
    figure: 'ratio',
    unit: 'x two bare threads',
    aim: 1.03,
    better: 'less',
    floor: 1,
    bound: 0.98,
  },
  {
    scenario: 'map-million',
    figure: 'us_per_item',
    unit: 'µs overhead/item',
    aim: 2,
    better: 'less',
    floor: 0.4,
    bound: 0,
  },
  { scenario: 'transact-hot', callers: 64, figure: 'per_s', unit: '/s', aim: 60_000, better: 'more', floor: 79_000 },
  {
    scenario: 'transact-hot',
    callers: 1_024,
    figure: 'per_s',
    unit: '/s',
    aim: 120_000,
    better: 'more',
    floor: 217_000,
  },
  { scenario: 'transact-spread', callers: 64, figure: 'per_s', unit: '/s', aim: 45_000, better: 'more', floor: 59_000 },
  {
    scenario: 'transact-spread',
    callers: 1_024,
    figure: 'per_s',
    unit: '/s',
    aim: 80_000,
    better: 'more',
    floor: 123_000,
  },
  { scenario: 'recovery', figure: 'recovery_ms', unit: 'ms', aim: 5_000, better: 'less', floor: undefined },
  { scenario: 'queued-million', figure: 'rss_mb', unit: 'MB at most', aim: 1_000, better: 'less', floor: undefined },
  { scenario: 'client-noop', figure: 'per_s', unit: 'tasks/s', aim: 25_000, better: 'more', floor: undefined },
  { scenario: 'client-latency', figure: 'p50_ms', unit: 'ms p50', aim: 1.5, better: 'less', floor: undefined },
  { scenario: 'http-starts', figure: 'per_s', unit: 'starts/s', aim: 5_000, better: 'more', floor: undefined },
  {
    scenario: 'page-load',
    figure: 'p50_ms',
    unit: 'ms to first data, p50',
    aim: 200,
    better: 'less',
    floor: undefined,
  },
  { scenario: 'dev-restart', figure: 'p50_ms', unit: 'ms p50', aim: 1_000, better: 'less', floor: undefined },
  // That what is acknowledged finishes and that refusals carry a delay is checked in each run: one where it does not hold fails.
  { scenario: 'overload', figure: 'recovered_ms', unit: 'ms to recover', aim: 5_000, better: 'less', floor: undefined },
  { scenario: 'simulated-month', figure: 'p99_ms', unit: 'ms p99', aim: 50, better: 'less', floor: undefined },
  {
    scenario: 'simulated-month',
    figure: 'first_ms',
    unit: 'ms, first run',
    aim: 500,
    better: 'less',
    floor: undefined,
  },
  { scenario: 'simulate-registers', figure: 'ratio', unit: 'x real time', aim: 500, better: 'more', floor: undefined },
  { scenario: 'simulate-tasks', figure: 'ratio', unit: 'x real time', aim: 500, better: 'more', floor: undefined },
  { scenario: 'cluster-noop', figure: 'per_s', unit: 'tasks/s', aim: 10_000, better: 'more', floor: undefined },
  { scenario: 'cluster-latency', figure: 'p50_ms', unit: 'ms p50', aim: 8, better: 'less', floor: undefined },
  { scenario: 'cluster-steps', figure: 'per_s', unit: 'steps/s', aim: 20_000, better: 'more', floor: undefined },
];
