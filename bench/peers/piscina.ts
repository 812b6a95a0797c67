/** piscina: a pool of worker threads. Nothing is stored: a reference, not the same service. */
import { Piscina } from 'piscina';
import { noopInput } from '../src/app.ts';
import { againstBare, runBareThreads } from '../src/bare-threads.ts';
import { batchesOf, loopsOf, span, timesOf } from '../src/measure.ts';
import { check, type RunOptions, type Scenario, scaled } from '../src/scenario.ts';

const outstanding = 1_000;
const batch = 500;

const openPool = (threads: number, { bytesPerMs }: RunOptions): Piscina =>
  new Piscina({
    filename: new URL('./piscina-task.ts', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    workerData: bytesPerMs,
  });

const runNoop = async (pool: Piscina, index: number): Promise<void> => {
  const result: unknown = await pool.run(noopInput(index));
  if (result !== index) check(false, `task ${index} gave ${result}`);
};

const tasksNoop: Scenario = {
  name: 'tasks-noop',
  cases: [undefined],
  async run(options) {
    const n = scaled(100_000, options);
    const pool = openPool(1, options);
    const runOne = (index: number): Promise<void> => runNoop(pool, index);
    await batchesOf(Math.ceil(n / 10), outstanding, batch, runOne);
    const { value: latencies, seconds, cpuSeconds } = await span(() => batchesOf(n, outstanding, batch, runOne));
    await pool.destroy();
    return { n, seconds, cpuSeconds, latencies, extra: {}, settings: { threads: 1, outstanding, results: 'none' } };
  },
};

const taskLatency: Scenario = {
  name: 'task-latency',
  cases: [undefined],
  async run(options) {
    const n = scaled(5_000, options);
    const pool = openPool(1, options);
    const runOne = (index: number): Promise<void> => runNoop(pool, index);
    await loopsOf(scaled(1_000, options), 1, runOne);
    const { value: latencies, seconds, cpuSeconds } = await span(() => loopsOf(n, 1, runOne));
    await pool.destroy();
    return { n, seconds, cpuSeconds, latencies, extra: {}, settings: { threads: 1 } };
  },
};

const fanOut: Scenario = {
  name: 'fan-out',
  cases: [undefined],
  async run(options) {
    const n = scaled(10_000, options);
    const { executors, bytesPerMs } = options;
    const before = await runBareThreads(n, executors, bytesPerMs);
    const pool = openPool(executors, options);
    await Promise.all(Array.from({ length: 200 }, (_, index) => pool.run(index)));
    const run = await span(() =>
      Promise.all(Array.from({ length: n }, (_, index) => pool.run(index) as Promise<number>)),
    );
    await pool.destroy();
    const after = await runBareThreads(n, executors, bytesPerMs);
    check(
      run.value.every((result, at) => result === before.results[at]),
      'a task gave another hash',
    );
    return {
      n,
      ...timesOf(run),
      latencies: undefined,
      extra: againstBare(run, before, after),
      settings: { threads: executors, results: 'none' },
    };
  },
};

export const scenarios: readonly Scenario[] = [tasksNoop, taskLatency, fanOut];
