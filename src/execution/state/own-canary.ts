/**
 * A canary that a node sends through one of its own executors, past all partitions: no record is written for it. Whether the node's
 * executors answer, whatever it leads.
 */
import { type Flat, grantKind, toExecutor } from '../../tasks/messages.ts';

/** What comes of it is told as of this partition, which there is not. */
export const ownCanaryPartition = -1;

/** `number` is new with each. */
export const ownCanary = (number: number): Flat => [
  ...[toExecutor.grant, ownCanaryPartition, 0, number, '', grantKind.canary, '', '', 0, 0, 0, 0, 0],
  ...[undefined, undefined],
];
