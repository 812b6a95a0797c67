/** A worker process of graphile-worker. */
import { Logger, run } from 'graphile-worker';
import type { NoopInput } from '../src/app.ts';
import { hashWork } from '../src/hash-work.ts';
import { workerSide } from './worker-process.ts';

const { settings, ready, did } = workerSide();
const { scenario, concurrency, bytesPerMs } = settings;
const notifies = scenario === 'task-latency';

/** What its documentation and short trials say is best for each load. */
const tuning: Readonly<Record<string, object>> = {
  'tasks-noop': { localQueue: { size: 2_000 }, completeJobBatchDelay: 50 },
  'task-latency': {},
  'fan-out': { localQueue: { size: 100 }, completeJobBatchDelay: 0 },
};

await run({
  preset: {
    worker: {
      connectionString: process.env['TUTTI_BENCH_POSTGRES'] as string,
      concurrentJobs: concurrency,
      maxPoolSize: Math.max(10, concurrency + 2),
      ...tuning[scenario],
    },
  },
  logger: new Logger(() => (level, message) => {
    if (level === 'error') console.error(message);
  }),
  noHandleSignals: true,
  taskList: {
    job: async (payload, helpers) => {
      if (typeof payload === 'number') {
        did(hashWork(payload, bytesPerMs));
        return;
      }
      const { index } = payload as NoopInput;
      if (notifies) await helpers.query("select pg_notify('bench_done', $1)", [String(index)]);
      did(index);
    },
  },
});
ready();
