/** What is not through yet in a partition. */
import { outboxTable } from '../../src/partition/outbox.ts';
import type { Partition } from '../../src/partition/partition.ts';

/** Undefined: nothing waits, is under way or is still to be sent. */
export const coreUnderWay = <Output>(core: Partition<Output>): string | undefined => {
  if (!core.idle) return `records up to ${core.writingAt - 1} are under way, ${core.position} is acknowledged`;
  if (core.checkpointUnderWay) return 'a checkpoint is under way';
  for (const [key] of core.scan(outboxTable)) return `message ${JSON.stringify(key)} is not acknowledged`;
  return undefined;
};
