/** A process that runs one scenario once, tells its parent what it measured, and ends. */
import { measureSyncMs } from './disk.ts';
import { watchOthers } from './machine.ts';
import { percentile, rounded } from './measure.ts';
import type { RunOptions, Scenario } from './scenario.ts';

export type RunRequest = {
  /** The module that exports `scenarios`. */
  readonly registry: string;
  readonly name: string;
  readonly options: RunOptions;
};

/** One run as figures. */
export type RunLine = {
  readonly n: number;
  readonly per_s: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  /** The most memory the whole process had. */
  readonly rss_mb: number;
  readonly cpu_s: number;
  readonly extra: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
};

const request = JSON.parse(process.argv[2] as string) as RunRequest;
const { scenarios } = (await import(request.registry)) as { scenarios: readonly Scenario[] };
const scenario = scenarios.find(({ name }) => name === request.name);
if (scenario === undefined) throw new Error(`There is no scenario ${request.name}.`);
const syncMs = measureSyncMs(request.options.folder);
const othersCores = watchOthers();
const result = await scenario.run(request.options);
const { latencies } = result;
const line: RunLine = {
  n: result.n,
  per_s: rounded(result.n / result.seconds),
  p50_ms: latencies === undefined ? null : rounded(percentile(latencies, 0.5)),
  p99_ms: latencies === undefined ? null : rounded(percentile(latencies, 0.99)),
  rss_mb: rounded((process.resourceUsage().maxRSS * 1024) / 1e6),
  cpu_s: rounded(result.cpuSeconds),
  extra: {
    ...Object.fromEntries(Object.entries(result.extra).map(([name, value]) => [name, rounded(value)])),
    sync_ms: rounded(syncMs),
    others_cores: rounded(othersCores()),
  },
  settings: result.settings,
};
process.send?.(line, () => process.disconnect?.());
