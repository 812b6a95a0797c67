/** The input of a task as it stands on the command line: one JSON value, `@file`, or `-` for stdin. */
import { TuttiError } from '../errors/tutti-error.ts';
import { decodeWritten } from '../values/written-value.ts';
import { shellWord } from './shell-words.ts';

export type InputSource = {
  readonly readFile: (path: string) => Promise<string>;
  readonly readStdin: () => Promise<string>;
};

/**
 * The text of the input in JSON form, checked; undefined where there is none. Throws `INPUT_INVALID`, which says how to
 * write what was probably meant.
 */
export const readInput = async (argument: string | undefined, source: InputSource): Promise<string | undefined> => {
  if (argument === undefined) return undefined;
  if (argument === '-') return checked(await source.readStdin(), 'stdin');
  if (argument.startsWith('@')) {
    const path = argument.slice(1);
    let text: string;
    try {
      text = await source.readFile(path);
    } catch (cause) {
      throw new TuttiError('INPUT_INVALID', `The input file ${path} cannot be read: ${(cause as Error).message}`, {
        cause,
      });
    }
    return checked(text, path);
  }
  try {
    decodeWritten(argument, 'input');
  } catch (error) {
    throw (error as TuttiError).code === 'VALUE_MALFORMED' ? notJson(argument, error) : error;
  }
  return argument;
};

const checked = (text: string, where: string): string => {
  try {
    decodeWritten(text, where);
  } catch (error) {
    if (!(error instanceof TuttiError) || error.code !== 'VALUE_MALFORMED') throw error;
    const { position } = error.details;
    const place = typeof position === 'number' ? ` (${lineAndColumn(text, position)})` : '';
    throw new TuttiError('INPUT_INVALID', `${error.message}${place}. The input is one JSON value.`, { cause: error });
  }
  return text;
};

/** Where a character stands, as editors count. */
export const lineAndColumn = (text: string, position: number): string => {
  const before = text.slice(0, position).split('\n');
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`;
};

const looksLikeJson = /^\s*[[{"]/;

const notJson = (argument: string, cause: unknown): TuttiError => {
  const hint = looksLikeJson.test(argument)
    ? `${(cause as Error).message}. Put the whole value in single quotes, so that the shell leaves it as it is.`
    : `The input ${argument === '' ? 'is empty' : argument}${argument === '' ? '' : ' is not JSON'}. Text is written with its quotes: ${shellWord(JSON.stringify(argument))}`;
  return new TuttiError('INPUT_INVALID', hint, { cause });
};
