/** Which requests of another node may be taken: those for the epoch in which their partition is led here now (Q7 in `request-router.ts`). */
import { partitionOfRequest } from '../execution/state/intake.ts';
import { clientMessageLength } from '../tasks/client-requests.ts';
import { appendFlat, type Flat } from '../tasks/messages.ts';

/** `epochs`: one for each request, 0 for one that may always be taken. `late`: tickets of those that may not. */
export const meantForNow = (
  asks: Flat,
  epochs: readonly number[],
  partitions: number,
  epochOf: (partition: number) => number,
): { readonly taken: Flat; readonly late: readonly number[] } => {
  const taken: Flat = [];
  const late: number[] = [];
  for (let at = 0, index = 0; at < asks.length; index++) {
    const length = clientMessageLength(asks, at);
    const epoch = epochs[index] as number;
    if (epoch === 0 || epoch === epochOf(partitionOfRequest(asks, at, partitions)))
      appendFlat(taken, asks.slice(at, at + length));
    else late.push(asks[at + 1] as number);
    at += length;
  }
  return { taken, late };
};
