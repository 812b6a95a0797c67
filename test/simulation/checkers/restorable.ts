/**
 * Law 1, looked at whenever something is taken away: a node that has lost its disk can come back, because the log goes back to its
 * beginning or continues a snapshot of which everything is there. A damaged object counts as there: one of two may be.
 */
import { unpack } from 'msgpackr';

/** Blobs as one sees them who needs no engine to look. */
export type BlobView = {
  readonly names: (prefix: string) => readonly string[];
  readonly isDamaged: (name: string) => boolean;
  readonly stored: {
    readonly has: (name: string) => boolean;
    readonly get: (name: string) => { readonly bytes: Uint8Array } | undefined;
  };
};

/** By manifest: it is looked at after each removal, and read once. */
const known = new WeakMap<Uint8Array, readonly string[]>();

const chunksOf = (manifest: Uint8Array): readonly string[] => {
  const before = known.get(manifest);
  if (before !== undefined) return before;
  const chunks = (unpack(manifest) as unknown[])[6] as readonly string[];
  known.set(manifest, chunks);
  return chunks;
};

/** `logStart`: the first position that the log keeps. Undefined: it is so. */
export const whyNotRestorable = (partition: number, logStart: number, blobs: BlobView): string | undefined => {
  if (logStart === 1) return undefined;
  const prefix = `snapshot/${partition}/`;
  const problems: string[] = [];
  // The newest is whole in most cases.
  for (const name of blobs.names(prefix).toReversed()) {
    if (Number(name.slice(prefix.length)) + 1 < logStart) continue;
    if (blobs.isDamaged(name)) {
      problems.push(`${name} is damaged`);
      continue;
    }
    const chunks = chunksOf(blobs.stored.get(name)?.bytes as Uint8Array);
    const missing = chunks.filter((chunk) => !blobs.stored.has(chunk));
    if (missing.length === 0) return undefined;
    problems.push(`${name} lacks ${missing.join(', ')}`);
  }
  return `partition ${partition}: the log begins at ${logStart}, and no whole snapshot reaches it (${problems.join('; ') || 'there is none'})`;
};
