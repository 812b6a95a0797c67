/** The same hashing in bare threads: what the machine can do when nothing is kept, sent or scheduled. */
import { Worker } from 'node:worker_threads';
import type { BareWork } from './bare-thread.ts';
import { type Span, span } from './measure.ts';

export type BareRun = { readonly seconds: number; readonly cpuSeconds: number; readonly results: readonly number[] };

/** Indexes 0 to n - 1 cut in equal parts, one a thread. The threads stand ready before the clock starts. */
export const runBareThreads = async (n: number, threads: number, bytes: number): Promise<BareRun> => {
  const entry = new URL('./bare-thread.ts', import.meta.url);
  const workers = Array.from({ length: threads }, (_, at) => {
    const work: BareWork = { from: Math.floor((n * at) / threads), to: Math.floor((n * (at + 1)) / threads), bytes };
    return new Worker(entry, { workerData: work });
  });
  await Promise.all(workers.map((worker) => nextMessage(worker)));
  const { value, seconds, cpuSeconds } = await span(() =>
    Promise.all(
      workers.map((worker) => {
        const answer = nextMessage(worker);
        worker.postMessage('go');
        return answer as Promise<Float64Array>;
      }),
    ),
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { seconds, cpuSeconds, results: value.flatMap((part) => [...part]) };
};

/** What the bare threads of before and after took, in the middle. */
export const bareMean = (before: BareRun, after: BareRun): Pick<BareRun, 'seconds' | 'cpuSeconds'> => ({
  seconds: (before.seconds + after.seconds) / 2,
  cpuSeconds: (before.cpuSeconds + after.cpuSeconds) / 2,
});

/** A run against the bare threads: by wall clock, and by CPU time, which says less of what else the machine did. */
export const againstBare = (run: Span<unknown>, before: BareRun, after: BareRun) => {
  const bare = bareMean(before, after);
  return {
    ratio: run.seconds / bare.seconds,
    cpu_ratio: run.cpuSeconds / bare.cpuSeconds,
    seconds: run.seconds,
    bare_s: bare.seconds,
  };
};

const nextMessage = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
