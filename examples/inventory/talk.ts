/**
 * What `npm start` says on stderr while it works, in one of three forms: a progress bar with sentences above it on a terminal,
 * lines in a file or pipe, or one JSON object per event for programs.
 */
import { performance } from 'node:perf_hooks';
import type { WriteStream } from 'node:tty';
import { beginProgress, type Progress, viewOf, withExecutors, withPieces } from '../../src/cli/progress-state.ts';
import { progressLine, progressSentence } from '../../src/cli/progress-text.ts';
import { isTerminal, styleFor } from '../../src/cli/style.ts';
import type { RunProgress } from './run-progress.ts';

export interface Talk {
  /** Something happened: its name and facts for programs, a sentence for people. */
  tell(event: string, facts: Readonly<Record<string, unknown>>, sentence: string): void;
  progress(progress: RunProgress): void;
  executors(count: number, busy: number): void;
  /** No more progress: what is said from now on is said below it. Returns at once if called again. */
  endProgress(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

const name = 'inventory';
const redrawEveryMs = 100;
const lineEveryMs = 2_000;
const columnsMax = 120;

export const talkAsEvents = (stream: NodeJS.WritableStream): Talk => {
  const write = (event: string, facts: object): void => {
    stream.write(`${JSON.stringify({ event, ...facts })}\n`);
  };
  return {
    tell: (event, facts) => write(event, facts),
    progress: (progress) => write('progress', progress),
    executors: () => undefined,
    endProgress: () => undefined,
  };
};

export const talkToPeople = (stream: WriteStream, environment: Environment): Talk =>
  isTerminal(stream, environment) ? new BarTalk(stream, environment) : new LineTalk(stream);

/** What both forms for people know of the progress. */
const nextProgress = (before: Progress, { phase, filesDone, files }: RunProgress): Progress =>
  phase === 'listing'
    ? before
    : withPieces(
        before,
        { done: filesDone, total: files, message: phase === 'combining' ? 'combining the summaries' : undefined },
        performance.now(),
      );

class LineTalk implements Talk {
  readonly #stream: NodeJS.WritableStream;
  #progress = beginProgress(name, performance.now());
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    this.#timer = setInterval(() => {
      this.#stream.write(`${progressSentence(viewOf(this.#progress, performance.now()))}\n`);
    }, lineEveryMs);
  }

  tell(_event: string, _facts: object, sentence: string): void {
    this.#stream.write(`${sentence}\n`);
  }

  progress(progress: RunProgress): void {
    this.#progress = nextProgress(this.#progress, progress);
  }

  executors(count: number, busy: number): void {
    this.#progress = withExecutors(this.#progress, count, busy);
  }

  endProgress(): void {
    clearInterval(this.#timer);
  }
}

class BarTalk implements Talk {
  readonly #stream: WriteStream;
  readonly #environment: Environment;
  #progress = beginProgress(name, performance.now());
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(stream: WriteStream, environment: Environment) {
    this.#stream = stream;
    this.#environment = environment;
    this.#timer = setInterval(() => this.#draw(), redrawEveryMs);
  }

  tell(_event: string, _facts: object, sentence: string): void {
    this.#stream.write(`\r\u001b[K${sentence}\n`);
    this.#draw();
  }

  progress(progress: RunProgress): void {
    this.#progress = nextProgress(this.#progress, progress);
  }

  executors(count: number, busy: number): void {
    this.#progress = withExecutors(this.#progress, count, busy);
  }

  endProgress(): void {
    if (this.#timer !== undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#stream.write('\r\u001b[K');
    }
  }

  #draw(): void {
    if (this.#timer !== undefined) {
      const columns = Math.min(this.#stream.columns - 1, columnsMax);
      const view = viewOf(this.#progress, performance.now());
      this.#stream.write(`\r\u001b[K${progressLine(view, columns, styleFor(this.#stream, this.#environment))}`);
    }
  }
}
