/** BullMQ over Redis (append-only file, synced always): results are stored and can be awaited. */
import { FlowProducer, Job, Queue, QueueEvents, Worker } from 'bullmq';
import { noopInput } from '../src/app.ts';
import { againstBare, runBareThreads } from '../src/bare-threads.ts';
import { loopsOf, span, timesOf } from '../src/measure.ts';
import { check, type RunOptions, type Scenario, scaled } from '../src/scenario.ts';
import { startWorkers, type WorkerSettings } from './worker-process.ts';

const connection = { host: '127.0.0.1', port: Number(process.env['TUTTI_BENCH_REDIS_PORT']) };
const workerFile = './bullmq-worker.ts';
const addBatch = 500;
const sampleEvery = 500;

const settingsOf = (scenario: string, options: RunOptions, concurrency: number, jobs: number): WorkerSettings => ({
  scenario,
  // Keys of BullMQ are not shared between queues: a new name is an empty queue.
  queue: `${scenario}-${process.pid}`,
  concurrency,
  bytesPerMs: options.bytesPerMs,
  jobs,
});

const tasksNoop: Scenario = {
  name: 'tasks-noop',
  cases: [undefined],
  async run(options) {
    const n = scaled(40_000, options);
    const concurrency = 50;
    const settings = settingsOf('tasks-noop', options, concurrency, n);
    let allDone: (() => void) | undefined;
    const done = new Promise<void>((resolve) => {
      allDone = resolve;
    });
    const { stop } = await startWorkers(workerFile, 1, settings, ([worker]) => {
      if ((worker?.done ?? 0) >= n) allDone?.();
    });
    const queue = new Queue(settings.queue, { connection });
    const ids: string[] = [];
    const { seconds, cpuSeconds } = await span(async () => {
      for (let first = 0; first < n; first += addBatch) {
        const batch = Array.from({ length: Math.min(addBatch, n - first) }, (_, at) => noopInput(first + at));
        for (const job of await queue.addBulk(batch.map((data) => ({ name: 'noop', data }))))
          ids.push(job.id as string);
      }
      await done;
    });
    for (let index = 0; index < n; index += sampleEvery) {
      const job = await Job.fromId(queue, ids[index] as string);
      check(job?.returnvalue === index, `job ${index} gave ${job?.returnvalue}`);
    }
    await queue.close();
    await stop();
    return {
      n,
      seconds,
      cpuSeconds,
      latencies: undefined,
      extra: {},
      settings: { appendfsync: 'always', addBulk: addBatch, workerProcesses: 1, concurrency, results: 'stored' },
    };
  },
};

const taskLatency: Scenario = {
  name: 'task-latency',
  cases: [undefined],
  async run(options) {
    const n = scaled(2_000, options);
    const settings = settingsOf('task-latency', options, 1, 0);
    const { stop } = await startWorkers(workerFile, 1, settings);
    const queue = new Queue(settings.queue, { connection });
    const events = new QueueEvents(settings.queue, { connection });
    await events.waitUntilReady();
    const runOne = async (index: number): Promise<void> => {
      const job = await queue.add('noop', noopInput(index));
      const result: unknown = await job.waitUntilFinished(events);
      if (result !== index) check(false, `job ${index} gave ${result}`);
    };
    await loopsOf(scaled(500, options), 1, runOne);
    const { value: latencies, seconds, cpuSeconds } = await span(() => loopsOf(n, 1, runOne));
    await events.close();
    await queue.close();
    await stop();
    return {
      n,
      seconds,
      cpuSeconds,
      latencies,
      extra: {},
      settings: { appendfsync: 'always', await: 'waitUntilFinished(QueueEvents)', workerProcesses: 1 },
    };
  },
};

const fanOut: Scenario = {
  name: 'fan-out',
  cases: [undefined],
  async run(options) {
    const n = scaled(10_000, options);
    const { executors, bytesPerMs } = options;
    const before = await runBareThreads(n, executors, bytesPerMs);
    const settings = settingsOf('fan-out', options, 1, n);
    const { stop } = await startWorkers(workerFile, executors, settings);
    const parentQueue = `${settings.queue}-parent`;
    const parent = new Worker(parentQueue, async (job) => Object.values(await job.getChildrenValues()), { connection });
    const events = new QueueEvents(parentQueue, { connection });
    const flow = new FlowProducer({ connection });
    await Promise.all([parent.waitUntilReady(), events.waitUntilReady()]);
    const run = await span(async () => {
      const added = await flow.add({
        name: 'parent',
        queueName: parentQueue,
        children: Array.from({ length: n }, (_, index) => ({ name: 'piece', queueName: settings.queue, data: index })),
      });
      return (await added.job.waitUntilFinished(events)) as number[];
    });
    await Promise.all([parent.close(), events.close(), flow.close()]);
    await stop();
    const after = await runBareThreads(n, executors, bytesPerMs);
    check(run.value.length === n, `${run.value.length} results of ${n} children`);
    check(xorOf(run.value) === xorOf(before.results), 'a child gave another hash');
    return {
      n,
      ...timesOf(run),
      latencies: undefined,
      extra: againstBare(run, before, after),
      settings: { appendfsync: 'always', by: 'FlowProducer', workerProcesses: executors, concurrency: 1 },
    };
  },
};

/** Children values come in no particular order. */
const xorOf = (results: readonly number[]): number => results.reduce((xor, result) => xor ^ result, 0);

export const scenarios: readonly Scenario[] = [tasksNoop, taskLatency, fanOut];
