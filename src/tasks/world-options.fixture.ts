/** What a world (`world.fixture.ts`) is made of. */
export type WorldOptions = {
  readonly partitions: number;
  readonly executors: number;
  readonly seed: string;
  /** Given to every task. */
  readonly policy?: string;
  readonly retentionTasks?: number;
  readonly retentionMs?: number;
  readonly slots?: number;
  /** How often an executor wants work at the moment a task comes, of 1. */
  readonly atOnce?: number;
};
