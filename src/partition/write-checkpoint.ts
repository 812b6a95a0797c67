/** How a checkpoint gets into the store: in slices, then the marker. */
import type { StoreMarker, StoreWrite, StoreWriter } from '../store/store.ts';
import type { EncodedWrite } from './layers.ts';

const slicesUnderWayMax = 4;

export type CheckpointWrite = {
  readonly writer: StoreWriter;
  readonly partition: number;
  readonly sliceRows: number;
  /** Written with the first rows, which are in the store before any other (`Replica.flushBegins`). */
  readonly begins: StoreWrite | undefined;
};

/** Returns how many rows were written. Rejects with what the store says; then all of it is to be written again. */
export const writeCheckpoint = async (
  { writer, partition, sliceRows, begins }: CheckpointWrite,
  writes: Iterable<EncodedWrite>,
  marker: StoreMarker,
): Promise<number> => {
  let rows = 0;
  let slice: StoreWrite[] = [];
  // Slices that wait together share a transaction of the store.
  const underWay: Promise<void>[] = [];
  for (const write of writes) {
    slice.push(write);
    rows++;
    if (slice.length < sliceRows) continue;
    if (underWay.length >= slicesUnderWayMax) await underWay.shift();
    // No other row may be in the store without it.
    if (begins !== undefined && rows === slice.length) await writer.write(partition, [begins, ...slice]);
    else {
      underWay.push(writer.write(partition, slice));
      // Awaited in order below; one that fails meanwhile is no unhandled rejection.
      underWay.at(-1)?.catch(() => undefined);
    }
    slice = [];
  }
  if (slice.length > 0)
    underWay.push(writer.write(partition, begins !== undefined && rows === slice.length ? [begins, ...slice] : slice));
  await Promise.all(underWay);
  await writer.mark(partition, marker);
  return rows;
};
