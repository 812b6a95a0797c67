/** Law 6: what a standby holds at a position of its log is what the log says, no more and no less. */
import { decodeHeader, recordKind } from '../../../src/partition/record.ts';
import type { AnyTable } from '../../../src/partition/table.ts';
import type { World } from '../world.ts';
import { firstDifference, replay, rowsOf } from './replay.ts';

/** A log of more records is looked at only once, at the end: to read it from its beginning takes long. */
const recordsMax = 1_000;

export const checkStandbys = (world: World, tables: readonly AnyTable[], atEnd: boolean): void => {
  for (const [partition, records] of world.landed.entries())
    for (const { name, program } of world.nodes) {
      const standby = program?.standby?.(partition);
      // What is to be found there is not the log's.
      if (world.damage.isIn(name, partition)) continue;
      if (standby === undefined || (!atEnd && standby.position > recordsMax)) continue;
      const truth = replay(partition, records.slice(0, standby.position), tables);
      const difference = firstDifference(rowsOf(truth, tables), rowsOf(standby.rows, tables));
      if (difference !== undefined)
        world.violated('same state', `partition ${partition}, log and ${name} at ${standby.position}: ${difference}`);
      const flushed = records[standby.flushedTo - 1];
      if (flushed !== undefined && decodeHeader(flushed, standby.flushedTo).kind !== recordKind.checkpoint)
        world.violated(
          'same state',
          `${name} flushed partition ${partition} at ${standby.flushedTo}: no checkpoint is there`,
        );
      world.count('standby compared');
    }
};

/** Which standby has not applied its log to the end; undefined: none. */
export const laggingStandby = (world: World): string | undefined => {
  for (const [partition, followers] of (world.plan.followers ?? []).entries())
    for (const number of followers) {
      const node = world.nodes[number];
      const end = world.logs[partition]?.end as number;
      if (node === undefined || (node.program?.epoch(partition) ?? 0) > 0) continue;
      const position = node.program?.standby?.(partition)?.position;
      if (position !== end) return `${node.name} follows partition ${partition} to ${position} of ${end}`;
    }
  return undefined;
};
