/** How a checkpoint gets into the store: in slices, then the marker. */
import type { StoreMarker, StoreWrite, StoreWriter } from '../store/store.ts';
import type { EncodedWrite } from './layers.ts';

const slicesUnderWayMax = 4;

export type CheckpointWrite = {
  readonly writer: StoreWriter;
  readonly partition: number;
  readonly sliceRows: number;
  /** Written before the first row (`Replica.flushBegins`). */
  readonly begins: StoreWrite | undefined;
};

/** Returns how many rows were written. Rejects with what the store says; then all of it is to be written again. */
export const writeCheckpoint = async (
  { writer, partition, sliceRows, begins }: CheckpointWrite,
  writes: Iterable<EncodedWrite>,
  marker: StoreMarker,
): Promise<number> => {
  if (begins !== undefined) await writer.write(partition, [begins]);
  let rows = 0;
  let slice: StoreWrite[] = [];
  // Slices that wait together share a transaction of the store.
  const underWay: Promise<void>[] = [];
  for (const write of writes) {
    slice.push(write);
    rows++;
    if (slice.length < sliceRows) continue;
    if (underWay.length >= slicesUnderWayMax) await underWay.shift();
    underWay.push(writer.write(partition, slice));
    // Awaited in order below; one that fails meanwhile is no unhandled rejection.
    underWay.at(-1)?.catch(() => undefined);
    slice = [];
  }
  if (slice.length > 0) underWay.push(writer.write(partition, slice));
  await Promise.all(underWay);
  await writer.mark(partition, marker);
  return rows;
};
