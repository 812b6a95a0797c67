/** What the command and the process that runs its node tell each other, over the channel of `fork`. */

import type { ClusterOptions } from '../node/cluster-options.ts';
import type { LogLevel } from '../node/options.ts';

/** Settings of the node, as the command line gives them; undefined: the default. */
export type NodeSettings = {
  readonly data: string;
  readonly engine: 'embedded' | 'memory';
  readonly executors: number | undefined;
  readonly slots: number | undefined;
  readonly partitions: number | undefined;
  readonly logLevel: LogLevel;
  readonly hangLimitMs: number | undefined;
  /** It is a node of a cluster. */
  readonly cluster?: ClusterOptions;
};

export type RunRequest = {
  readonly kind: 'run';
  /** Address of the app's module. */
  readonly app: string;
  /** Undefined: none was named; the error says which there are. */
  readonly task: string | undefined;
  /** In JSON form. */
  readonly input: string | undefined;
  readonly settings: NodeSettings;
  readonly key: string | undefined;
  /** The id under which the task is started where there is no key: a second start under it attaches. */
  readonly id: string;
  /** Begin of the id of the task to attach to; nothing is started then. */
  readonly attach: string | undefined;
  /** Run it again first if it has failed or was cancelled. */
  readonly retry: boolean;
};

export type ToChild = RunRequest | { readonly kind: 'close' };

export type FromChild =
  /** The app's module has run to its end. */
  | { readonly kind: 'imported' }
  /** The task is durable, or was found; `status` is an encoded `TaskStatus`. */
  | { readonly kind: 'started'; readonly id: string; readonly status: string }
  /** Ids of other unfinished tasks of the folder, which run here as well. */
  | { readonly kind: 'others'; readonly ids: readonly string[] }
  /** Progress or a log line: an encoded `TaskEvent`. */
  | { readonly kind: 'event'; readonly text: string }
  | { readonly kind: 'executors'; readonly count: number; readonly busy: number }
  /** In JSON form. */
  | { readonly kind: 'result'; readonly text: string }
  /** The task failed, or could not be started: an encoded error. */
  | { readonly kind: 'failed'; readonly error: string }
  /** The node is closed; `status` as it was just before, where there is a task. */
  | { readonly kind: 'closed'; readonly status: string | undefined };
