/**
 * What `npm start` says on stderr while it works: to people, as `tutti run` does (a progress bar with sentences above it on a
 * terminal, a line now and then elsewhere), or to programs, as one JSON object per event.
 */
import { performance } from 'node:perf_hooks';
import type { WriteStream } from 'node:tty';
import { beginProgress, withExecutors, withPieces } from '../../src/cli/progress-state.ts';
import { isTerminal, styleFor } from '../../src/cli/style.ts';
import { TerminalReporter } from '../../src/cli/terminal-reporter.ts';
import type { RunProgress } from './run-progress.ts';

export interface Talk {
  /** Something happened: its name and facts for programs, a sentence for people. */
  tell(event: string, facts: Readonly<Record<string, unknown>>, sentence: string): void;
  progress(progress: RunProgress): void;
  executors(count: number, busy: number): void;
  /** No more progress; what is still told comes below it. May be called again. */
  endProgress(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

const lookEveryMs = 100;
const columnsDefault = 80;

export function talkAsEvents(stream: NodeJS.WritableStream): Talk {
  const write = (event: string, facts: object): void => {
    stream.write(`${JSON.stringify({ event, ...facts })}\n`);
  };
  return {
    tell: (event, facts) => write(event, facts),
    progress: (progress) => write('progress', progress),
    executors: () => undefined,
    endProgress: () => undefined,
  };
}

export function talkToPeople(stream: WriteStream, environment: Environment): Talk {
  const reporter = new TerminalReporter({
    write: (text) => stream.write(text),
    style: styleFor(stream, environment),
    columns: () => (isTerminal(stream, environment) ? stream.columns || columnsDefault : undefined),
    monotonic: () => performance.now(),
    cwd: process.cwd(),
    debug: false,
  });
  let progress = beginProgress('inventory', performance.now());
  const timer = setInterval(() => reporter.progress(progress), lookEveryMs);
  return {
    tell: (_event, _facts, sentence) => reporter.tell({ type: 'output', line: sentence }),
    progress({ phase, filesDone, files }) {
      const message = phase === 'combining' ? 'combining the summaries' : undefined;
      progress = withPieces(progress, { done: filesDone, total: files, message }, performance.now());
    },
    executors(count, busy) {
      progress = withExecutors(progress, count, busy);
    },
    endProgress() {
      clearInterval(timer);
      reporter.end();
    },
  };
}
