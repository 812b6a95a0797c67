/** `npm run simulate`: see `--help`. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { EndlessWatch } from './endless.ts';
import { allFaults, help, readOptions, type SimulateOptions, WrongCall } from './options.ts';
import type { PageRun } from './page/page-data.ts';
import { writePage } from './page/write-page.ts';
import { rareStates } from './rare-states.ts';
import type { FromWorker, WorkerTask } from './worker-messages.ts';

const storyLines = 40;
/** A run takes some tenths of a second; one that computes for as long as this goes round in circles. */
const seedLimitMs = 60_000;

/** So many seeds must have reached every rare state, if they were free to draw any fault. */
const rareWithin = 1_000;

type Totals = { seeds: number; events: number; virtualMs: number; readonly counts: Map<string, number> };

const simulate = async (options: SimulateOptions): Promise<number> => {
  const began = performance.now();
  const totals: Totals = { seeds: 0, events: 0, virtualMs: 0, counts: new Map() };
  const violations: Extract<FromWorker, { kind: 'violation' }>[] = [];
  const pages: PageRun[] = [];
  const endlessSeeds: string[] = [];
  const jobs = Math.min(options.jobs, options.seeds);
  if (options.seeds > 1) process.stderr.write(`seeds from ${options.first} on\n`);
  const children: ChildProcess[] = [];
  const show = (): void => {
    if (!process.stderr.isTTY || options.seeds === 1) return;
    process.stderr.write(`\r\u001b[2K${summary(totals, (performance.now() - began) / 1_000)}`);
  };
  const ends = Array.from({ length: jobs }, (_, offset) => {
    const task: WorkerTask = {
      ...options,
      offset,
      stride: jobs,
      // What is asked for by its seed is shown as it is.
      shrink:
        options.shrink &&
        options.keep === undefined &&
        !options.trace &&
        (options.html === undefined || options.seeds > 1),
      page: options.html !== undefined,
      verdicts: options.seeds === 1,
    };
    const child = fork(new URL('./worker.ts', import.meta.url), [JSON.stringify(task)]);
    children.push(child);
    let seed = '';
    const watch = new EndlessWatch(child.pid as number, seedLimitMs, () => {
      endlessSeeds.push(seed);
      child.kill('SIGKILL');
    });
    child.on('exit', () => watch.stop());
    child.on('message', (message: FromWorker) => {
      watch.heard();
      switch (message.kind) {
        case 'begins':
          seed = message.seed;
          break;
        case 'progress':
          totals.seeds += message.seeds;
          totals.events += message.events;
          totals.virtualMs += message.virtualMs;
          for (const [kind, count] of Object.entries(message.counts))
            totals.counts.set(kind, (totals.counts.get(kind) ?? 0) + count);
          show();
          break;
        case 'verdict':
          console.log(`seed ${message.seed}: every law held; digest ${message.digest}`);
          break;
        case 'page':
          pages.push(message.run);
          break;
        case 'violation':
          violations.push(message);
          for (const other of children) if (other !== child) other.kill();
          break;
        default:
          message satisfies never;
      }
    });
    // What it said last may be read after its end.
    return new Promise<number | null>((resolve) =>
      child.on('exit', (code) => {
        if (child.connected) child.once('disconnect', () => resolve(code));
        else resolve(code);
      }),
    );
  });
  const codes = await Promise.all(ends);
  if (process.stderr.isTTY && options.seeds > 1) process.stderr.write('\r\u001b[2K');
  for (const violation of violations) console.log(violationText(violation, options));
  if (options.html !== undefined) console.log(await pageText(options.html, pages[0]));
  console.log(summary(totals, (performance.now() - began) / 1_000));
  if (options.seeds > 1) for (const line of countLines(totals)) console.log(line);
  for (const seed of endlessSeeds)
    console.log(
      `law: ends\nSeed ${seed} went on for ${seedLimitMs / 1_000} s without an end.\nAgain: npm run simulate -- --workload ${options.workload} --seed ${seed}`,
    );
  if (violations.length + endlessSeeds.length > 0) return 1;
  if (codes.some((code) => code !== 0)) {
    console.log('A process ended before its time.');
    return 1;
  }
  const wanted = options.rare || (totals.seeds >= rareWithin && options.faults.length === allFaults.length);
  const missing = wanted ? (rareStates[options.workload] ?? []).filter((state) => !totals.counts.has(state)) : [];
  for (const state of missing) console.log(`never reached: ${state}`);
  return missing.length > 0 ? 1 : 0;
};

const summary = ({ seeds, events, virtualMs }: Totals, seconds: number): string =>
  `${seeds} seeds, ${(virtualMs / 3_600_000).toFixed(2)} simulated hours in ${seconds.toFixed(1)} s: ${Math.round(virtualMs / 1_000 / seconds)} times real time, ${Math.round(events / seconds)} events/s`;

/** Writes the page, if there is one to write, and says so. */
const pageText = async (file: string, run: PageRun | undefined): Promise<string> => {
  if (run === undefined) return `No law was broken: ${file} was not written.`;
  await writePage(file, run);
  return `Page: ${file}`;
};

const countLines = ({ counts }: Totals): readonly string[] =>
  [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${String(count).padStart(12)}  ${kind}`);

const violationText = (
  { verdict, keep, faults }: Extract<FromWorker, { kind: 'violation' }>,
  { workload }: SimulateOptions,
): string => {
  const few = keep === undefined || keep.length === faults ? '' : ` --keep ${keep.join() || 'none'}`;
  return [
    `Seed ${verdict.seed} breaks a law.`,
    ...verdict.story.slice(-storyLines),
    `law: ${verdict.violation?.law}`,
    `${verdict.violation?.what}`,
    ...(keep === undefined ? [] : [`It needs ${keep.length} of the ${faults} faults of its plan.`]),
    `Again: npm run simulate -- --workload ${workload} --seed ${verdict.seed}${few} --trace`,
  ].join('\n');
};

try {
  const options = readOptions(process.argv.slice(2), randomInt(1_000_000_000));
  if (options === 'help') process.stdout.write(help);
  else process.exitCode = await simulate(options);
} catch (error) {
  if (!(error instanceof WrongCall)) throw error;
  process.stderr.write(`${error.message}\nnpm run simulate -- --help\n`);
  process.exitCode = 2;
}
