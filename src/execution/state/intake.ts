/** What clients ask for: which partition it is for, and whether something new can be taken in now. */
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { clientMessageLength, takeClientMessage } from '../../tasks/client-requests.ts';
import { type Flat, fromClient } from '../../tasks/messages.ts';
import { encodeError } from '../../values/codec.ts';
import { hashOfTaskId, isTaskId, partitionOfHash } from '../../values/task-id.ts';
import type { Part } from './part.ts';
import type { StateHostOptions } from './state-host-options.ts';

/** Why no task can be started now; `stalled` is the error code for which the log cannot be written. */
export const refusal = (
  stalled: string | undefined,
  part: Part,
  intakePendingMax: number = limits.intakePendingMax,
): TuttiError | undefined => {
  if (stalled !== undefined)
    return new TuttiError(
      'DISK_FULL',
      `${stalled === 'ENOSPC' ? 'No space is left for the log' : `The log cannot be written (${stalled})`}, so nothing new is accepted until it can. ${stalled === 'ENOSPC' ? 'Free space on' : 'Look at'} the disk of the data folder.`,
      { details: { retryMs: 1_000, code: stalled } },
    );
  const { heldOutputs, dirtyRows } = part.host.core;
  if (heldOutputs <= intakePendingMax && dirtyRows <= limits.dirtyRowsMax) return undefined;
  return new TuttiError('OVERLOADED', 'More is under way than can be held. Try again a little later.', {
    details: { retryMs: limits.overloadedRetryMs },
  });
};

/** A step is one record at most: it is kept small. */
const requestsPerStep = 128;

/** Takes the requests in a flat array, each into the partition that it is for; of those for one that is not led here `onNotLed` is told. */
export const takeRequests = (
  client: number,
  flat: Flat,
  { partitions, stalled, bounds, onNotLed }: Pick<StateHostOptions, 'partitions' | 'stalled' | 'bounds' | 'onNotLed'>,
  partOf: (number: number) => Part | undefined,
  refuse: (request: number, error: string) => void,
  askForNotices: (request: number, on: boolean) => void,
): void => {
  for (let at = 0; at < flat.length; ) {
    if (flat[at] === fromClient.changes) {
      askForNotices(flat[at + 1] as number, flat[at + 2] === 1);
      at += clientMessageLength(flat, at);
      continue;
    }
    const number = partitionOfRequest(flat, at, partitions);
    const part = partOf(number);
    if (part === undefined || !part.leading) {
      // To give up is not answered.
      if (flat[at] !== fromClient.giveUp) onNotLed?.(client, flat[at + 1] as number);
      at += clientMessageLength(flat, at);
      continue;
    }
    const refused = refusal(stalled(), part, bounds?.intakePendingMax);
    // Requests for the same partition that follow each other are one step.
    part.host.transact((tx) => {
      for (let count = 0; count < requestsPerStep; count++) {
        // It tells of no state, so it waits for none: on a full disk nothing else would come through.
        if (refused !== undefined && flat[at] === fromClient.start)
          refuse(flat[at + 1] as number, encodeError(refused));
        else takeClientMessage(part.tasks, tx, client, flat, at);
        at += clientMessageLength(flat, at);
        if (at >= flat.length || flat[at] === fromClient.changes) return;
        if (partitionOfRequest(flat, at, partitions) !== number) return;
      }
    });
  }
};

/** Which partition a request is for; what names none (a malformed id) is refused by the first. */
export const partitionOfRequest = (flat: Flat, at: number, partitions: number): number => {
  const field = flat[at + 2];
  if (flat[at] === fromClient.list) return Math.min(field as number, partitions - 1);
  return isTaskId(field as string) ? partitionOfHash(hashOfTaskId(field as string), partitions) : 0;
};
