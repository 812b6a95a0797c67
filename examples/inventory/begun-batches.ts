/** Told of each batch that a thread begins to read: who listens in all threads sees what was read more than once. */
import { channel } from 'node:diagnostics_channel';

export const begunBatches = channel('tutti.inventory.batch');
