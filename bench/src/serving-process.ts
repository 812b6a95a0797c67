/** A process that serves the app of the benchmarks on a port, as `tutti serve` does; the benchmark itself is its client. */
import { open } from 'tutti';
import * as app from './app.ts';

export type ServingRequest = {
  readonly data: string;
  readonly executors: number;
  readonly partitions: number;
  readonly retentionTasks: number | undefined;
};
/** Where it serves; later, whenever it is asked, what it costs. */
export type ServingReady = { readonly url: string };
export type ServingCost = { readonly rssMb: number; readonly peakRssMb: number; readonly cpuSeconds: number };

const { data, executors, partitions, retentionTasks } = JSON.parse(process.argv[2] as string) as ServingRequest;
const node = await open({
  app,
  module: import.meta.resolve('./app.ts'),
  data,
  executors,
  partitions,
  ...(retentionTasks === undefined ? {} : { retention: { tasks: retentionTasks } }),
});
const { url } = await node.serve({ port: 0 });

const cost = (): ServingCost => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    rssMb: process.memoryUsage().rss / 1e6,
    peakRssMb: (maxRSS * 1024) / 1e6,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  };
};

process.on('message', () => process.send?.(cost()));
process.once('disconnect', () => void node.close());
process.send?.({ url } satisfies ServingReady);
