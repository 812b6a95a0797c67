/** What `open` takes, checked and completed. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { limits } from '../limits.ts';
import { type Duration, durationMs } from '../values/duration.ts';
import { type ClusterOptions, checkClusterOptions } from './cluster-options.ts';
import type { NodeThreadData } from './control.ts';
import { count, invalidOption } from './option-checks.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export type OpenOptions = {
  /** The app's namespace: `import * as app from './app.ts'`. */
  readonly app?: object;
  /** The app's address: `import.meta.resolve('./app.ts')`. Every thread imports it. */
  readonly module: string | URL;
  /** The data folder. Default: `.tutti` in the current folder. */
  readonly data?: string;
  /** `embedded` keeps everything in the data folder; `memory` keeps nothing beyond `close`. Default: `embedded`. */
  readonly engine?: 'embedded' | 'memory';
  /** Threads that run tasks. Default: as many as there are cores. */
  readonly executors?: number;
  /** Tasks that one of them runs side by side, where these wait for something outside of the processor. Default: 8. */
  readonly slots?: number;
  /** Fixed when a data folder is made. Default: 1. */
  readonly partitions?: number;
  /** How much the node says on stderr, as JSON lines. Default: `warn`. */
  readonly logLevel?: LogLevel;
  /** How long a task may keep its thread from answering before the thread is ended. Default: no limit. */
  readonly hangLimit?: Duration;
  /** How long finished tasks are kept, and how many at most. Default: 7 days, 100,000. */
  readonly retention?: { readonly time?: Duration; readonly tasks?: number };
  /** Makes it a node of a cluster: what it keeps and runs is shared with all others. */
  readonly cluster?: ClusterOptions;
};

const optionNames = [
  'app',
  'module',
  'data',
  'engine',
  'executors',
  'slots',
  'partitions',
  'logLevel',
  'hangLimit',
  'retention',
  'cluster',
] as const;

/** Throws `OPTION_INVALID` or `DURATION_INVALID`, naming the option. */
export const checkOptions = (options: OpenOptions): Omit<NodeThreadData, 'fingerprint'> => {
  if (typeof options !== 'object' || options === null)
    throw invalidOption('options', options, 'open takes one object, such as { app, module }');
  for (const name of Object.keys(options))
    if (!(optionNames as readonly string[]).includes(name))
      throw invalidOption(name, undefined, `there is no such option; there are ${optionNames.join(', ')}`);
  const { engine = 'embedded', logLevel = 'warn', retention = {} } = options;
  if (engine !== 'embedded' && engine !== 'memory')
    throw invalidOption('engine', engine, "it is 'embedded' or 'memory'");
  if (!logLevels.includes(logLevel)) throw invalidOption('logLevel', logLevel, `it is one of ${logLevels.join(', ')}`);
  const membership = options.cluster === undefined ? undefined : checkClusterOptions(options.cluster);
  if (membership !== undefined && engine !== 'embedded')
    throw invalidOption('engine', engine, 'a node of a cluster has a data folder');
  if (membership !== undefined && options.partitions !== undefined)
    throw invalidOption('partitions', options.partitions, 'of a cluster it is cluster.partitions');
  if (options.data !== undefined && (typeof options.data !== 'string' || options.data === ''))
    throw invalidOption('data', options.data, 'it is the path of a folder');
  const folder = engine === 'memory' ? undefined : resolve(options.data ?? '.tutti');
  if (membership?.from !== undefined && membership.from === folder)
    throw invalidOption('data', folder, 'it is another folder than cluster.from, which stays as it is');
  return {
    ...(membership === undefined ? {} : { membership }),
    module: moduleAddress(options.module),
    folder,
    executors: count(options.executors, 'executors', 1_024) ?? availableParallelism(),
    slots: count(options.slots, 'slots', limits.slotsMax) ?? limits.slotsPerExecutor,
    partitions: count(options.partitions, 'partitions', limits.partitionsMax),
    hangLimitMs: options.hangLimit === undefined ? undefined : durationMs(options.hangLimit, 'hangLimit'),
    logLevel,
    retentionMs: retention.time === undefined ? limits.retentionMs : durationMs(retention.time, 'retention.time'),
    retentionTasks: count(retention.tasks, 'retention.tasks', 1_000_000_000) ?? limits.retentionTasksMax,
  };
};

/** The address of a module as every thread imports it. Throws `OPTION_INVALID`. */
export const moduleAddress = (module: unknown): string => {
  if (module instanceof URL) return module.href;
  if (typeof module !== 'string' || module === '')
    throw invalidOption('module', module, "it is the address of the app's module: import.meta.resolve('./app.ts')");
  if (/^[a-z][a-z0-9+.-]+:/i.test(module)) return module;
  return pathToFileURL(resolve(module)).href;
};
