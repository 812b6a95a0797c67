/** Texts of values as parts of a larger text, which stays readable and bounded whatever stands in them. */
import { limits } from '../limits.ts';

/** A larger text takes a value's this much deeper. */
const levelsAround = 10;
const beginChars = 1_000;

/** The text of a `ShownValue`: the value's as it is, or where that is long or nested too deep, how it begins. */
export const shownText = (text: string, charsMax: number): string => {
  if (text.length <= charsMax && !isDeep(text)) return `{"value":${text}}`;
  return `{"chars":${text.length},"begin":${JSON.stringify(text.slice(0, beginChars).toWellFormed())}}`;
};

/** The text of an object of texts, without the fields that have none. */
export const objectText = (fields: Readonly<Record<string, string | undefined>>): string => {
  const parts: string[] = [];
  for (const [name, text] of Object.entries(fields))
    if (text !== undefined) parts.push(`${JSON.stringify(name)}:${text}`);
  return `{${parts.join(',')}}`;
};

const isDeep = (text: string): boolean => {
  const most = limits.valueDepthMax - levelsAround;
  // A level has two characters at least.
  if (text.length <= most * 2) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text[at];
    if (unit === '"') for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
    if (unit === '[' || unit === '{') {
      depth++;
      if (depth > most) return true;
    }
    if (unit === ']' || unit === '}') depth--;
  }
  return false;
};
