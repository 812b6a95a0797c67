/** What clients ask for: which partition it is for, and whether something new can be taken in now. */
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { type Flat, fromClient } from '../../tasks/messages.ts';
import { hashOfTaskId, isTaskId, partitionOfHash } from '../../values/task-id.ts';
import type { Part } from './part.ts';

/** Why no task can be started now; `stalled` is the error code for which the log cannot be written. */
export const refusal = (stalled: string | undefined, part: Part): TuttiError | undefined => {
  if (stalled !== undefined)
    return new TuttiError(
      'DISK_FULL',
      `${stalled === 'ENOSPC' ? 'No space is left for the log' : `The log cannot be written (${stalled})`}, so nothing new is accepted until it can. ${stalled === 'ENOSPC' ? 'Free space on' : 'Look at'} the disk of the data folder.`,
      { details: { retryMs: 1_000, code: stalled } },
    );
  const { heldOutputs, dirtyRows } = part.host.core;
  if (heldOutputs <= limits.intakePendingMax && dirtyRows <= limits.dirtyRowsMax) return undefined;
  return new TuttiError('OVERLOADED', 'More is under way than can be held. Try again a little later.', {
    details: { retryMs: limits.overloadedRetryMs },
  });
};

/** Which partition a request is for; what names none (a malformed id) is refused by the first. */
export const partitionOfRequest = (flat: Flat, at: number, partitions: number): number => {
  const field = flat[at + 2];
  if (flat[at] === fromClient.list) return Math.min(field as number, partitions - 1);
  return isTaskId(field as string) ? partitionOfHash(hashOfTaskId(field as string), partitions) : 0;
};
