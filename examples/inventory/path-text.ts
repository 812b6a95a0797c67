/**
 * Paths as text. File names are bytes and need not be UTF-8, so a path is written as its UTF-8 text in which a backslash is
 * doubled and a byte that is not UTF-8 stands as `\xff`. Every path has exactly one text, and the text gives the bytes back.
 */

/** The text of a name or path. */
export function textOfPath(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd') || Buffer.from(text).equals(bytes)) {
    return text.replaceAll('\\', '\\\\');
  }
  let escaped = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    const part = bytes.subarray(at, at + Math.max(length, 1));
    escaped += length === 0 ? `\\x${part.toString('hex')}` : part.toString('utf8').replace('\\', '\\\\');
    at += part.length;
  }
  return escaped;
}

/** The bytes of a path in text form. */
export function bytesOfPath(text: string): Buffer {
  if (!text.includes('\\')) {
    return Buffer.from(text);
  }
  const parts = text.split(/(\\\\|\\x[0-9a-f]{2})/);
  return Buffer.concat(
    parts.map((part) => {
      if (part === '\\\\') {
        return Buffer.from('\\');
      }
      return part.startsWith('\\x') ? Buffer.from(part.slice(2), 'hex') : Buffer.from(part);
    }),
  );
}

/** True if a byte of the path is not UTF-8. */
export const holdsRawBytes = (text: string): boolean => /\\x/.test(text.replaceAll('\\\\', ''));

/** How many bytes the character at `at` has, or 0 if there is no whole character. */
function characterLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    const part = bytes.subarray(at, at + length);
    if (Buffer.from(part.toString('utf8')).equals(part)) {
      return length;
    }
  }
  return 0;
}
