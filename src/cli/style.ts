/** What an output can show: colours, characters beyond ASCII, how many columns. */
import type { WriteStream } from 'node:tty';

export type Style = {
  readonly unicode: boolean;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly accent: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly good: (text: string) => string;
};

type Environment = Readonly<Record<string, string | undefined>>;

const painted =
  (on: number, off: number) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;
const plain = (text: string): string => text;

export const styleOf = (color: boolean, unicode: boolean): Style => ({
  unicode,
  bold: color ? painted(1, 22) : plain,
  dim: color ? painted(2, 22) : plain,
  accent: color ? painted(36, 39) : plain,
  bad: color ? painted(31, 39) : plain,
  good: color ? painted(32, 39) : plain,
});

/** Text alone. */
export const plainStyle: Style = styleOf(false, true);

/** Whether an output is a terminal that can go back on its line. */
export const isTerminal = (stream: { readonly isTTY?: boolean }, environment: Environment): boolean =>
  stream.isTTY === true && environment['TERM'] !== 'dumb';

/** `NO_COLOR` set to anything turns colours off (no-color.org). */
export const styleFor = (stream: WriteStream, environment: Environment): Style => {
  const noColor = environment['NO_COLOR'];
  const color = isTerminal(stream, environment) && (noColor === undefined || noColor === '');
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return styleOf(color, /utf-?8/i.test(locale));
};
