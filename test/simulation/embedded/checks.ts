/** What must hold at the end of a run of what lies on the disk. */
import type { World } from '../world.ts';
import { witnessOf } from './node.ts';
import type { EmbeddedSettings } from './plan.ts';

/** Segments beyond what the records need: those that are not worth cleaning yet, the current one, the next, spare ones. */
const segmentsMore = 8;

/** Law 8: a log takes about twice the room of what it must keep, and some segments. */
export const checkDisk = (world: World): void => {
  const { log } = world.plan.embedded as EmbeddedSettings;
  const segmentBytes = log.segmentBytes as number;
  const kept = witnessOf(world).keptBytes;
  for (const { drive } of world.nodes) {
    const files = drive.logFiles();
    const allowed = Math.ceil((2 * kept) / segmentBytes) + segmentsMore;
    if (files.length > allowed)
      world.violated('bounded', `${files.length} files of ${segmentBytes} bytes for ${kept} bytes of records`);
  }
};
