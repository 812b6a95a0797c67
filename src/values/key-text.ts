/**
 * Strings as bytes in key strings. The bytes are UTF-8, with a surrogate that stands alone written as if it were a
 * character (three bytes), so that every JavaScript string has its own key.
 */

const ascii = /^[\u0000-\u007f]*$/;

/** One character a byte. */
export const bytesOfText = (text: string): string => {
  if (ascii.test(text)) return text;
  let bytes = '';
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    if (point < 0x80) bytes += character;
    else if (point < 0x800) bytes += String.fromCharCode(0xc0 | (point >> 6), tail(point));
    else if (point < 0x10000) bytes += String.fromCharCode(0xe0 | (point >> 12), tail(point >> 6), tail(point));
    else bytes += String.fromCharCode(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point));
  }
  return bytes;
};

const tail = (bits: number): number => 0x80 | (bits & 0x3f);

/** The text that `bytesOfText` was given. */
export const textOfBytes = (bytes: string): string => {
  if (ascii.test(bytes)) return bytes;
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.charCodeAt(at++);
    const more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let point = more === 0 ? first : first & (0x3f >> more);
    for (let index = 0; index < more; index++) point = (point << 6) | (bytes.charCodeAt(at++) & 0x3f);
    text += String.fromCodePoint(point);
  }
  return text;
};
