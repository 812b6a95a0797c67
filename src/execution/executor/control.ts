/** What the node thread and an executor thread tell each other besides the flat arrays: rare, and as objects. */

import type { MessagePort } from 'node:worker_threads';
import type { FailedTask } from './rehearsal.ts';

/** What names an attempt. */
export type AttemptName = { readonly partition: number; readonly epoch: number; readonly n: number };

/** `workerData` of an executor thread. */
export type ExecutorThreadData = {
  /** Address of the app's module. */
  readonly module: string;
  readonly executor: number;
  readonly slots: number;
  /** Made by `createSharedState`. */
  readonly shared: SharedArrayBuffer;
  /** Partitions may get other leaders. */
  readonly keepsReports: boolean;
  /** For development: tasks are rehearsed (`rehearsal.ts`), and their failures are told. */
  readonly rehearses: boolean;
};

export type ToExecutorThread =
  /** Leaders are reached over `port`, in flat arrays: those of this node, or (`remote`) of another one. */
  | { readonly kind: 'connect'; readonly index: number; readonly port: MessagePort; readonly remote: boolean }
  /** The node is about to close: no new work is taken. Answered by `rested` when no code of tasks runs any more. */
  | { readonly kind: 'rest' }
  /** The node closes: signals are aborted, and what runs is let go of. Answered by `closed`. */
  | { readonly kind: 'close' };

export type FromExecutorThread =
  /** The app is loaded; it has these tasks, and some of them are to run in certain places. */
  | {
      readonly kind: 'ready';
      readonly fingerprint: string;
      readonly names: readonly string[];
      readonly places: readonly (readonly [name: string, place: string])[];
    }
  /** It could not be: an encoded error. The thread ends. */
  | { readonly kind: 'loadFailed'; readonly error: string }
  /** What user code printed, line by line, each with the task's name, id and attempt before it. */
  | { readonly kind: 'output'; readonly lines: readonly string[] }
  /** A task failed: where they are rehearsed. `error` is encoded. */
  | { readonly kind: 'taskFailed'; readonly task: FailedTask; readonly error: string }
  | { readonly kind: 'rested' }
  | { readonly kind: 'closed' }
  /** The thread is about to end, and this attempt is why: it called process.exit, or threw past everything. */
  | { readonly kind: 'crash'; readonly attempt: AttemptName };
