/** What a command works in: the outputs, the folder, the environment. Handed to each command, so that tests can hand in theirs. */
import { isTerminal, type Style, styleFor } from './style.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Shell = {
  readonly cwd: string;
  readonly environment: Environment;
  /** Data, and nothing else. Settles when it is written; a reader that has gone is no error. */
  readonly print: (text: string) => Promise<void>;
  /** Talk. */
  readonly say: (text: string) => void;
  /** For what is printed and said. */
  readonly outStyle: Style;
  readonly talkStyle: Style;
  /** Columns of the terminal that stdout or stderr is; undefined where it is none. */
  readonly outColumns: () => number | undefined;
  readonly talkColumns: () => number | undefined;
  /** Rows of the terminal that stdout is; undefined where it is none. */
  readonly outRows: () => number | undefined;
  /** Whether somebody can be asked: stdin and stderr are a terminal. */
  readonly interactive: boolean;
  readonly readStdin: () => Promise<string>;
};

const columnsDefault = 80;
const rowsDefault = 24;

/** The process's own. */
export const processShell = (): Shell => {
  const { stdout, stderr, stdin, env } = process;
  let readerGone = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    readerGone = true;
  });
  stderr.on('error', () => undefined);
  const columnsOf = (stream: NodeJS.WriteStream): number | undefined =>
    isTerminal(stream, env) ? stream.columns || columnsDefault : undefined;
  return {
    cwd: process.cwd(),
    environment: env,
    print: (text) =>
      new Promise((resolve) => {
        if (readerGone) resolve();
        else stdout.write(text, () => resolve());
      }),
    say: (text) => {
      stderr.write(text);
    },
    outStyle: styleFor(stdout, env),
    talkStyle: styleFor(stderr, env),
    outColumns: () => columnsOf(stdout),
    talkColumns: () => columnsOf(stderr),
    outRows: () => (isTerminal(stdout, env) ? stdout.rows || rowsDefault : undefined),
    interactive: stdin.isTTY === true && isTerminal(stderr, env),
    readStdin: async () => {
      stdin.setEncoding('utf8');
      let text = '';
      for await (const chunk of stdin) text += chunk as string;
      return text;
    },
  };
};
