import type { PartitionHost } from '../../partition/host.ts';
import type { Resender } from '../../partition/outbox.ts';
import type { TaskLeader, TaskOutput } from '../../tasks/leader.ts';

/** A partition of this thread, with its tasks. */
export type Part = {
  readonly number: number;
  readonly host: PartitionHost<TaskOutput>;
  readonly tasks: TaskLeader;
  readonly resender: Resender;
  /** It leads and has taken over its tasks. */
  leading: boolean;
};
