/** How wide text is on a terminal, and text that fits. An estimate that errs on the wide side: what is too wide wraps. */
import { stripVTControlCharacters } from 'node:util';

const widthOfCharacter = (character: string): number => {
  const code = character.codePointAt(0)!;
  if (code < 0x300) return 1;
  // Marks join the character before them; box-drawing, arrows and dots are narrow; from here on script and emoji may be wide.
  if (/\p{Mark}|\p{Format}/u.test(character)) return 0;
  return code >= 0x1100 && !(code >= 0x2000 && code < 0x2e80) ? 2 : 1;
};

export const displayWidth = (text: string): number => {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
};

/** The text on one line, without anything that moves the cursor. */
export const oneLine = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();

/** As much of the text as fits into `width` columns, with an ellipsis where some is missing. */
export const fitted = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return '';
  let used = 0;
  let kept = '';
  for (const character of text) {
    used += widthOfCharacter(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
};

/** The text with spaces after it, up to `width`. */
export const padded = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - displayWidth(text)));
