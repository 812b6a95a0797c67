/** The same hashing in bare threads: what the machine can do when nothing is kept, sent or scheduled. */
import { Worker } from 'node:worker_threads';
import type { BareWork } from './bare-thread.ts';

export type BareRun = { readonly seconds: number; readonly results: readonly number[] };

/** Indexes 0 to n - 1 cut in equal parts, one a thread. The threads stand ready before the clock starts. */
export const runBareThreads = async (n: number, threads: number, bytes: number): Promise<BareRun> => {
  const entry = new URL('./bare-thread.ts', import.meta.url);
  const workers = Array.from({ length: threads }, (_, at) => {
    const work: BareWork = { from: Math.floor((n * at) / threads), to: Math.floor((n * (at + 1)) / threads), bytes };
    return new Worker(entry, { workerData: work });
  });
  await Promise.all(workers.map((worker) => nextMessage(worker)));
  const began = performance.now();
  const parts = await Promise.all(
    workers.map((worker) => {
      const answer = nextMessage(worker);
      worker.postMessage('go');
      return answer as Promise<Float64Array>;
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { seconds, results: parts.flatMap((part) => [...part]) };
};

const nextMessage = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
