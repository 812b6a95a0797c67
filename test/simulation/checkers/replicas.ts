/** Law 6: what a standby holds at a position of its log is what the log says, no more and no less. */
import { decodeHeader, recordKind } from '../../../src/partition/record.ts';
import type { AnyTable } from '../../../src/partition/table.ts';
import type { World } from '../world.ts';
import { firstDifference, type Replay, rowsOf } from './replay.ts';

/** A log of more records is looked at only once, at the end: one that is behind has it read from its beginning. */
const recordsMax = 1_000;

/** `replays`: by partition. */
export const checkStandbys = (
  world: World,
  replays: readonly Replay[],
  tables: readonly AnyTable[],
  atEnd: boolean,
): void => {
  for (const [partition, records] of world.landed.entries()) {
    const standbys = world.nodes.map(({ name, program }) => ({ name, standby: program?.standby?.(partition) }));
    standbys.sort((a, b) => (a.standby?.position ?? 0) - (b.standby?.position ?? 0));
    for (const { name, standby } of standbys) {
      // What is to be found there is not the log's.
      if (world.damage.isIn(name, partition)) continue;
      if (standby === undefined || (!atEnd && standby.position > recordsMax)) continue;
      const truth = (replays[partition] as Replay).rowsAt(standby.position);
      const difference = firstDifference(truth, rowsOf(standby.rows, tables));
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
