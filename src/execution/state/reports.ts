/**
 * What executors report to a partition that is led here, taken in steps.
 *
 * - H5: a report that executors keep is acknowledged with the record of the step that took it, so never before that is durable. What is
 *   dropped because its partition is not led here is not acknowledged.
 */
import { executorMessageLength, type takeExecutorMessage, takeReportAgain } from '../../tasks/machine.ts';
import { type Flat, isKept, toExecutor } from '../../tasks/messages.ts';
import { isForHost } from './dispatch.ts';
import type { Part } from './part.ts';

export type Reports = { readonly executor: number; readonly flat: Flat };

/** A step is one record at most: it is kept small. */
export const messagesPerStep = 128;

/** Takes reports from `at` on; those to one partition that follow each other are one step. Returns where the next one begins. */
export const takeReports = (
  part: Part,
  executor: number,
  flat: Flat,
  at: number,
  take: typeof takeExecutorMessage,
): number => {
  let next = at;
  part.host.transact((tx) => {
    let kept = 0;
    for (let count = 0; count < messagesPerStep; count++) {
      take(part.tasks, tx, flat, next);
      if (part.shared && isKept(flat[next])) kept++;
      next += executorMessageLength(flat, next);
      if (next >= flat.length || isForHost(flat[next]) || flat[next + 1] !== part.number) break;
    }
    // H5
    if (kept > 0)
      tx.emit({ kind: 'executor', executor, flat: [toExecutor.taken, part.number, part.tasks.epoch, kept] });
  });
  return next;
};

/** Takes what an executor had told leaders before. */
export const takeAgain = (part: Part, { executor, flat }: Reports): void => {
  for (let at = 0; at < flat.length && part.leading; ) at = takeReports(part, executor, flat, at, takeReportAgain);
};
