/**
 * Law 1, looked at whenever something is taken away: a node that has lost its disk can come back, because the log goes back to its
 * beginning or continues a snapshot of which everything is there. A damaged object counts as there: one of two may be.
 */
import { unpack } from 'msgpackr';
import type { LogService } from '../../../src/engine/simulated/log-service.ts';
import type { BlobService } from '../../../src/engine/simulated/simulated-blobs.ts';

/** Undefined: it is so. */
export const whyNotRestorable = (partition: number, log: LogService, blobs: BlobService): string | undefined => {
  if (log.start === 1) return undefined;
  const prefix = `snapshot/${partition}/`;
  const problems: string[] = [];
  for (const name of blobs.names(prefix)) {
    if (Number(name.slice(prefix.length)) + 1 < log.start) continue;
    if (blobs.isDamaged(name)) {
      problems.push(`${name} is damaged`);
      continue;
    }
    const chunks = (unpack(blobs.stored.get(name)?.bytes as Uint8Array) as unknown[])[6] as readonly string[];
    const missing = chunks.filter((chunk) => !blobs.stored.has(chunk));
    if (missing.length === 0) return undefined;
    problems.push(`${name} lacks ${missing.join(', ')}`);
  }
  return `partition ${partition}: the log begins at ${log.start}, and no whole snapshot reaches it (${problems.join('; ') || 'there is none'})`;
};
