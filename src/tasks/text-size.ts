/**
 * How large a text that is to be recorded may be. A step of the partition writes one text up to three times (a result: the
 * task's, its parent's step, and a step that joins it), and its record must fit into the log beside a batch that is open.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { encodeError } from '../values/codec.ts';

const batchBytes = 4 * 1024 * 1024;
export const textBytesMax = Math.floor((limits.recordBytesMax - batchBytes) / 3);

/** The error (encoded) that a text is too large to be recorded, undefined if it is not. */
export const tooLarge = (text: string, what: string): string | undefined => {
  if (text.length * 3 <= textBytesMax) return undefined;
  const bytes = Buffer.byteLength(text);
  if (bytes <= textBytesMax) return undefined;
  const error = new TuttiError(
    'VALUE_TOO_LARGE',
    `${what} takes ${bytes} bytes as text; at most ${textBytesMax} can be recorded. Keep large data elsewhere and pass where it is.`,
    { details: { bytes, bytesMax: textBytesMax } },
  );
  error.stack = `${error.name}: ${error.message}`;
  return encodeError(error);
};
