/** Which run a start is: the unfinished one of this folder, or a new one. */
import { createHash } from 'node:crypto';
import type { TaskHandle, TaskStateName, Tutti } from 'tutti';
import * as app from './app.ts';
import type { Inventory } from './inventory.ts';

export type Run = {
  readonly handle: TaskHandle<Inventory>;
  readonly isContinued: boolean;
  readonly begun: Date;
};

/** Keys have at most 512 bytes; a longer folder is known by its hash. */
const keyBytesMax = 480;
const finished: readonly TaskStateName[] = ['completed', 'failed', 'cancelled'];

/**
 * Runs of a folder are numbered, and a run's key is made of both. So starting one that is unfinished attaches to it, and two
 * starts that know of the same runs start the same one.
 */
export async function beginOrContinue(node: Tutti, folder: string): Promise<Run> {
  const prefix = `${Buffer.byteLength(folder) <= keyBytesMax ? folder : createHash('sha256').update(folder).digest('hex')} run `;
  const runs = (await node.list({ name: 'inventory' }))
    .filter(({ key }) => key?.startsWith(prefix) === true)
    .map((status) => ({ status, number: Number(status.key?.slice(prefix.length)) }));
  const unfinished = runs.find(({ status }) => !finished.includes(status.state));
  const number = unfinished?.number ?? Math.max(0, ...runs.map((run) => run.number)) + 1;
  const handle = await node.start(app.inventory, folder, { key: `${prefix}${number}` });
  return { handle, isContinued: unfinished !== undefined, begun: unfinished?.status.createdAt ?? new Date() };
}
