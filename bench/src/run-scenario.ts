/** Runs a scenario several times, each time in a fresh process and folder, and makes its line of the median run. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { aims } from './aims.ts';
import { makeBenchFolder, removeBenchFolder } from './disk.ts';
import { medianBy } from './measure.ts';
import type { RunLine, RunRequest } from './run-once.ts';
import type { RunOptions, Scenario } from './scenario.ts';

export type BenchSettings = Omit<RunOptions, 'folder' | 'callers'> & {
  /** Where folders are made; undefined: with the temporary files. */
  readonly data: string | undefined;
  /** Where each thread's CPU profile goes; undefined: none are taken. */
  readonly profiles: string | undefined;
};

/** A line of the output. */
export type BenchLine = { readonly name: string } & Readonly<Record<string, unknown>>;

const runLimitMs = 10 * 60_000;

/** One run in a process of its own. Rejects when that fails. */
export const runOnce = async (
  registry: string,
  name: string,
  callers: number | undefined,
  bench: BenchSettings,
): Promise<RunLine> => {
  const { data, profiles, ...rest } = bench;
  const folder = makeBenchFolder(data);
  const request: RunRequest = { registry, name, options: { ...rest, folder, callers } };
  const child = fork(new URL('./run-once.ts', import.meta.url), [JSON.stringify(request)], {
    execArgv: profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`],
  });
  const cleanUp = (): void => {
    child.kill('SIGKILL');
    removeBenchFolder(folder);
  };
  // Also when Ctrl-C ends this process.
  process.once('exit', cleanUp);
  try {
    return await lineFrom(child, name);
  } finally {
    process.off('exit', cleanUp);
    cleanUp();
  }
};

const lineFrom = (child: ChildProcess, name: string): Promise<RunLine> =>
  new Promise((resolve, reject) => {
    // One that hangs would keep the benchmark waiting for ever; what it started ends with it.
    const late = setTimeout(() => child.kill('SIGKILL'), runLimitMs);
    let line: RunLine | undefined;
    child.on('message', (message: RunLine) => {
      line = message;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(late);
      if (line !== undefined && code === 0) resolve(line);
      else reject(new Error(`The run of ${name} ended with ${signal ?? `code ${code}`}.`));
    });
  });

/** The line of a scenario: that of the run whose figure (the one with an aim) is the median. */
export const lineOf = (name: string, runs: readonly RunLine[], bench: BenchSettings): BenchLine => {
  const figure = aims.find(({ scenario }) => scenario === name)?.figure ?? 'per_s';
  const figureOf = (run: RunLine): number => Number({ ...run.extra, ...run }[figure]);
  const median = medianBy(runs, figureOf);
  const { n, per_s, p50_ms, p99_ms, rss_mb, cpu_s } = median;
  return {
    name,
    n,
    per_s,
    p50_ms,
    p99_ms,
    rss_mb,
    cpu_s,
    ...median.extra,
    median_of: figure,
    runs: runs.map(figureOf),
    settings: { ...median.settings, partitions: bench.partitions, executors: bench.executors, fsync: true },
    versions: versions(),
  };
};

/** Runs all cases of a scenario; `take` gets each line. */
export const runScenario = async (
  registry: string,
  { name, cases, caseUnit = 'callers' }: Scenario,
  runs: number,
  bench: BenchSettings,
  take: (line: BenchLine) => void,
): Promise<void> => {
  for (const callers of cases) {
    const lines: RunLine[] = [];
    for (let run = 1; run <= runs; run++) {
      process.stderr.write(
        `${name}${callers === undefined ? '' : `, ${callers} ${caseUnit}`}: run ${run} of ${runs} … `,
      );
      const line = await runOnce(registry, name, callers, bench);
      process.stderr.write(`${shown(line)}\n`);
      lines.push(line);
    }
    take(lineOf(name, lines, bench));
  }
};

export const shown = ({ per_s, p50_ms, p99_ms, rss_mb, extra }: RunLine): string =>
  [
    `${per_s.toLocaleString('en')}/s`,
    ...(p50_ms === null ? [] : [`p50 ${p50_ms} ms`, `p99 ${p99_ms} ms`]),
    `${rss_mb} MB`,
    ...Object.entries(extra).map(([name, value]) => `${name} ${value}`),
  ].join(', ');

const root = join(import.meta.dirname, '../..');
const versionIn = (file: string): string => (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;

const versions = (): Readonly<Record<string, string>> => ({
  tutti: versionIn(join(root, 'package.json')),
  node: process.versions.node,
  lmdb: versionIn(join(root, 'node_modules/lmdb/package.json')),
  linux: release(),
  cpu: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
});
