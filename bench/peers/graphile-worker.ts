/**
 * graphile-worker over PostgreSQL (fsync and synchronous_commit on). It keeps no results and nobody can await a job: a job
 * is through when its row is deleted, and in `task-latency` the job itself notifies the client, before that.
 */
import { makeWorkerUtils, type WorkerUtils } from 'graphile-worker';
import { Client, Pool } from 'pg';
import { noopInput } from '../src/app.ts';
import { againstBare, runBareThreads } from '../src/bare-threads.ts';
import { loopsOf, span, timesOf } from '../src/measure.ts';
import { check, type RunOptions, type Scenario, scaled } from '../src/scenario.ts';
import { startWorkers, type WorkerSettings } from './worker-process.ts';

const connectionString = process.env['TUTTI_BENCH_POSTGRES'] as string;
const workerFile = './graphile-worker-process.ts';
const pollMs = 5;

/** An empty queue. */
const openQueue = async (): Promise<{ readonly pool: Pool; readonly utils: WorkerUtils }> => {
  const pool = new Pool({ connectionString });
  // The library asks for these: an idle connection that breaks would end the process otherwise.
  const ignore = (): void => undefined;
  pool.on('error', ignore).on('connect', (client) => client.on('error', ignore));
  await pool.query('drop schema if exists graphile_worker cascade');
  const utils = await makeWorkerUtils({ pgPool: pool });
  await utils.migrate();
  return { pool, utils };
};

const settingsOf = (scenario: string, options: RunOptions, concurrency: number, jobs: number): WorkerSettings => ({
  scenario,
  queue: '',
  concurrency,
  bytesPerMs: options.bytesPerMs,
  jobs,
});

const addAll = async (utils: WorkerUtils, n: number, batch: number, payload: (index: number) => unknown) => {
  for (let first = 0; first < n; first += batch)
    await utils.addJobs(
      Array.from({ length: Math.min(batch, n - first) }, (_, at) => ({
        identifier: 'job',
        payload: payload(first + at),
      })),
    );
};

/** Settles when no job is left. */
const emptied = async (pool: Pool): Promise<void> => {
  for (;;) {
    const { rows } = await pool.query('select exists (select from graphile_worker._private_jobs) as left');
    if ((rows[0] as { left: boolean }).left === false) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};

const tasksNoop: Scenario = {
  name: 'tasks-noop',
  cases: [undefined],
  async run(options) {
    const n = scaled(150_000, options);
    const batch = 5_000;
    const { pool, utils } = await openQueue();
    let workersDone: (() => void) | undefined;
    const done = new Promise<void>((resolve) => {
      workersDone = resolve;
    });
    const { stop } = await startWorkers(workerFile, 1, settingsOf('tasks-noop', options, 50, n), ([worker]) => {
      if ((worker?.done ?? 0) >= n) workersDone?.();
    });
    const { seconds, cpuSeconds } = await span(async () => {
      await addAll(utils, n, batch, noopInput);
      await done;
      await emptied(pool);
    });
    await stop();
    await utils.release();
    await pool.end();
    return {
      n,
      seconds,
      cpuSeconds,
      latencies: undefined,
      extra: {},
      settings: { addJobs: batch, workerProcesses: 1, concurrentJobs: 50, localQueue: 2_000, results: 'none' },
    };
  },
};

const taskLatency: Scenario = {
  name: 'task-latency',
  cases: [undefined],
  async run(options) {
    const n = scaled(2_000, options);
    const { pool, utils } = await openQueue();
    const { stop } = await startWorkers(workerFile, 1, settingsOf('task-latency', options, 4, 0));
    const listener = new Client({ connectionString });
    await listener.connect();
    await listener.query('listen bench_done');
    let notified: (index: number) => void = () => undefined;
    listener.on('notification', ({ payload }) => notified(Number(payload)));
    const runOne = async (index: number): Promise<void> => {
      const heard = new Promise<number>((resolve) => {
        notified = resolve;
      });
      await utils.addJob('job', noopInput(index));
      const result = await heard;
      if (result !== index) check(false, `job ${index} notified ${result}`);
    };
    await loopsOf(scaled(500, options), 1, runOne);
    const { value: latencies, seconds, cpuSeconds } = await span(() => loopsOf(n, 1, runOne));
    await listener.end();
    await stop();
    await utils.release();
    await pool.end();
    return {
      n,
      seconds,
      cpuSeconds,
      latencies,
      extra: {},
      settings: { await: 'pg_notify in the job, before its completion', workerProcesses: 1, concurrentJobs: 4 },
    };
  },
};

const fanOut: Scenario = {
  name: 'fan-out',
  cases: [undefined],
  async run(options) {
    const n = scaled(10_000, options);
    const batch = 1_000;
    const { executors, bytesPerMs } = options;
    const before = await runBareThreads(n, executors, bytesPerMs);
    const { pool, utils } = await openQueue();
    let workersDone: (() => void) | undefined;
    const done = new Promise<void>((resolve) => {
      workersDone = resolve;
    });
    const settings = settingsOf('fan-out', options, 4, n);
    const { workers, stop } = await startWorkers(workerFile, executors, settings, (all) => {
      if (all.reduce((sum, worker) => sum + worker.done, 0) >= n) workersDone?.();
    });
    const run = await span(async () => {
      await addAll(utils, n, batch, (index) => index);
      await done;
      await emptied(pool);
    });
    const xor = workers.reduce((all, worker) => all ^ worker.xor, 0);
    await stop();
    await utils.release();
    await pool.end();
    const after = await runBareThreads(n, executors, bytesPerMs);
    check(xor === before.results.reduce((all, result) => all ^ result, 0), 'a job gave another hash');
    return {
      n,
      ...timesOf(run),
      latencies: undefined,
      extra: againstBare(run, before, after),
      settings: { addJobs: batch, workerProcesses: executors, localQueue: 100, results: 'none' },
    };
  },
};

export const scenarios: readonly Scenario[] = [tasksNoop, taskLatency, fanOut];
