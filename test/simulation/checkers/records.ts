/** What can be said of the records of a log alone. */
import { decodeHeader, recordKind } from '../../../src/partition/record.ts';
import type { World } from '../world.ts';

/** Record time never goes back; a hand-over is a leader's last record; and what a fenced leader was told is certainly not applied does not count. */
export const checkRecords = (world: World, partition: number): void => {
  const lost = world.certainlyLost.filter((each) => each.partition === partition);
  let newest = 0;
  let time = 0;
  let handedOver = 0;
  for (const [at, bytes] of world.landed[partition]!.entries()) {
    const header = decodeHeader(bytes, at + 1);
    if (header.epoch < newest) continue;
    newest = header.epoch;
    if (header.epoch === handedOver)
      world.violated('hand-over', `partition ${partition}: position ${at + 1} follows the hand-over of its own epoch`);
    if (header.kind === recordKind.handOver) handedOver = header.epoch;
    if (header.time < time)
      world.violated('time', `partition ${partition}, position ${at + 1}: ${header.time} follows ${time}`);
    ({ time } = header);
    const wrong = lost.find(({ epoch, acknowledged }) => epoch === header.epoch && at + 1 > acknowledged);
    if (wrong !== undefined)
      world.violated(
        'certain',
        `partition ${partition}: position ${at + 1} of epoch ${header.epoch} counts; its leader was told that nothing after ${wrong.acknowledged} does`,
      );
  }
};
