/** The node that most scenarios run on: the library as a user opens it, with its defaults. */
import { open, type Tutti } from 'tutti';
import * as app from './app.ts';
import { bytesPerMsVariable } from './hash-work.ts';
import type { RunOptions } from './scenario.ts';

export type NodeSettings = { readonly executors?: number; readonly retentionTasks?: number };

export const openBenchNode = (options: RunOptions, settings: NodeSettings = {}): Promise<Tutti> => {
  process.env[bytesPerMsVariable] = String(options.bytesPerMs);
  const { retentionTasks } = settings;
  return open({
    app,
    module: import.meta.resolve('./app.ts'),
    data: options.folder,
    executors: settings.executors ?? options.executors,
    partitions: options.partitions,
    ...(retentionTasks === undefined ? {} : { retention: { tasks: retentionTasks } }),
  });
};
