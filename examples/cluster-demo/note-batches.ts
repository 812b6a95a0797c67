/**
 * Loaded into every thread of a node (`--import`): notes each batch that is begun there, as a line of a file in the folder that
 * `DEMO_BATCHES` names. What was written outlives a `kill -9`.
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { begunBatches } from '../inventory/begun-batches.ts';

const file = join(process.env['DEMO_BATCHES'] ?? '.', `${process.pid}-${threadId}`);

begunBatches.subscribe((batch) => {
  appendFileSync(file, `${createHash('sha256').update(JSON.stringify(batch)).digest('base64url')}\n`);
});
