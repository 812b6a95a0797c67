/** The frames in a data folder's log, read with the engine's own parser, so that a test knows where to do damage. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrame, EntryKind, type Frame, paddedLength } from '../../src/engine/embedded/frame.ts';
import { parseSegmentName } from '../../src/engine/embedded/segment.ts';

export type FoundFrame = Frame & { readonly file: string };

/** All whole frames, in order, of the physical log in `folder`. */
export const readFrames = (folder: string): FoundFrame[] => {
  const frames: FoundFrame[] = [];
  for (const name of readdirSync(folder).sort()) {
    const segment = parseSegmentName(name);
    if (segment?.kind !== 'seg') continue;
    const file = join(folder, name);
    const bytes = readFileSync(file);
    for (let offset = 0; ; ) {
      const frame = decodeFrame(bytes, offset, segment);
      if (frame === undefined) break;
      frames.push({ ...frame, file });
      offset += paddedLength(frame.length);
    }
  }
  return frames;
};

const carriesRecords = (frame: Frame): boolean => frame.entries.some(({ kind }) => kind === EntryKind.record);

/** The newest frame with records, if a later frame vouches for it: what it holds was certainly durable. */
export const newestVouched = (frames: readonly FoundFrame[]): FoundFrame | undefined => {
  const newest = frames.findLast(carriesRecords);
  const vouched = frames.some((frame) => newest !== undefined && frame.durable >= newest.number);
  return vouched ? newest : undefined;
};

/** Whether the log's beginning was given up: nothing but a snapshot replaces it. */
export const wasTrimmed = (frames: readonly FoundFrame[]): boolean =>
  frames.some(({ entries }) => entries.some(({ kind, position }) => kind === EntryKind.start && position > 1));
