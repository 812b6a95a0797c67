/** What can be seen of tasks: types that nodes and clients share. Times are Dates; values are what they were. */

export const taskStateNames = [
  'scheduled',
  'queued',
  'running',
  'waiting',
  'completed',
  'failed',
  'cancelled',
] as const;

export type TaskStateName = (typeof taskStateNames)[number];

/** What can be seen of a task. Times are Dates. */
export type TaskStatus = {
  readonly id: string;
  readonly name: string;
  readonly state: TaskStateName;
  readonly key: string | undefined;
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
  /** Attempts that failed, and (while one runs) the one that runs. */
  readonly attempts: number;
  /** Recorded steps. */
  readonly steps: number;
  readonly progress:
    | { readonly done: number; readonly total: number; readonly message: string | undefined }
    | undefined;
  /** The error of a failed or cancelled one. */
  readonly error: Error | undefined;
  /** Id of the task that called or started it. */
  readonly parent: string | undefined;
  /** It is queued, and no executor that is there has its function: it waits for a node with an app that has. */
  readonly lacking?: true;
};

/** All that is given must hold. */
export type ListFilter = {
  readonly state?: TaskStateName | 'unfinished' | 'finished';
  readonly name?: string;
  readonly key?: string;
  /** Tasks whose id begins so. */
  readonly idPrefix?: string;
  /** Tasks whose id, name or idempotency key begins so. */
  readonly text?: string;
  /** Tasks made at or after this time, and before that. */
  readonly createdFrom?: Date;
  readonly createdTo?: Date;
  /** Only tasks that no other task called or started. */
  readonly topLevel?: boolean;
  /** Tasks on a page, at most `limits.listPageMax`, which is also the default. */
  readonly limit?: number;
  /** Where an earlier page ended (`TaskPage.cursor`). */
  readonly cursor?: string;
};

/** Tasks from the newest to the oldest. Which is newer is told by the ids, which hold the time at which they were made. */
export type TaskPage = {
  /** May be fewer than asked for, or none, although a cursor follows: a request looks at a bounded number of tasks. */
  readonly tasks: readonly TaskStatus[];
  /** Pass it on for what is older; undefined: there is nothing more. */
  readonly cursor: string | undefined;
};

export type LogLine = {
  readonly time: Date;
  readonly level: string;
  readonly message: string;
  readonly fields: unknown;
  readonly attempt: number;
};

/**
 * What is told to those who follow a task: how it is (`state`), the lines that are recorded already, how far it is (`progress`,
 * if it told that), and then what happens to it. Of `state` and `progress` the newest counts.
 * Every `log` comes once and in order; `index` counts the lines over the task's life, from 0, so that one who has seen `n`
 * lines goes on with `fromLog: n`. `finished` is the last.
 */
export type TaskEvent =
  | {
      readonly type: 'state';
      readonly state: TaskStateName;
      /** As in `TaskStatus`. */
      readonly attempts: number;
      readonly steps: number;
    }
  /** `total` is -1 where it is not known. */
  | { readonly type: 'progress'; readonly done: number; readonly total: number; readonly message?: string }
  | ({ readonly type: 'log'; readonly index: number } & LogLine)
  | { readonly type: 'finished'; readonly ok: true; readonly value: unknown }
  | { readonly type: 'finished'; readonly ok: false; readonly error: Error };
