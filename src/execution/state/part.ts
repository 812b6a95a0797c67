import type { PartitionHost } from '../../partition/host.ts';
import type { TaskLeader, TaskOutput } from '../../tasks/leader.ts';

/** A partition of this thread, with its tasks. */
export type Part = {
  readonly number: number;
  readonly host: PartitionHost<TaskOutput>;
  readonly tasks: TaskLeader;
  /** It leads and has taken over its tasks. */
  leading: boolean;
};
