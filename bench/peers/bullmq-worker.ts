/** A worker process of BullMQ. */
import { Worker } from 'bullmq';
import type { NoopInput } from '../src/app.ts';
import { hashWork } from '../src/hash-work.ts';
import { workerSide } from './worker-process.ts';

const { settings, ready, did } = workerSide();
const worker = new Worker<NoopInput | number, number>(
  settings.queue,
  async ({ data }) => (typeof data === 'number' ? hashWork(data, settings.bytesPerMs) : data.index),
  {
    connection: { host: '127.0.0.1', port: Number(process.env['TUTTI_BENCH_REDIS_PORT']) },
    concurrency: settings.concurrency,
  },
);
worker.on('completed', (_job, result) => did(result));
worker.on('error', (error) => console.error(error));
await worker.waitUntilReady();
ready();
