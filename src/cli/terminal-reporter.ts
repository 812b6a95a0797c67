/**
 * A run as people see it on stderr. On a terminal the last line is the progress, drawn over and over; elsewhere progress is a line
 * now and then, the rarer the longer it takes.
 */
import { formatDuration } from '../values/duration.ts';
import { oneLine } from './display-width.ts';
import { type Progress, viewOf } from './progress-state.ts';
import { progressLine, progressSentence } from './progress-text.ts';
import { renderError } from './render-error.ts';
import type { Reporter, RunEvent } from './reporter.ts';
import type { Style } from './style.ts';
import { logLineText, progressText } from './task-view.ts';

export type TerminalReporterOptions = {
  readonly write: (text: string) => void;
  readonly style: Style;
  /** How many columns the terminal has now; undefined where it is none. */
  readonly columns: () => number | undefined;
  readonly monotonic: () => number;
  readonly cwd: string;
  readonly debug: boolean;
};

const drawEveryMs = 100;
const sentenceEveryMs = 1_000;
const clearLine = '\r\u001b[2K';

export class TerminalReporter implements Reporter {
  readonly #options: TerminalReporterOptions;
  #drawn = false;
  #shownAt: number;
  #last = '';

  constructor(options: TerminalReporterOptions) {
    this.#options = options;
    this.#shownAt = options.monotonic();
  }

  tell(event: RunEvent): void {
    if (event.type === 'started') this.#shownAt = this.#options.monotonic();
    for (const line of this.#linesOf(event)) this.#line(line);
  }

  progress(progress: Progress): void {
    const now = this.#options.monotonic();
    const columns = this.#options.columns();
    const view = viewOf(progress, now);
    if (columns !== undefined) {
      if (this.#drawn && now - this.#shownAt < drawEveryMs) return;
      this.#shownAt = now;
      this.#drawn = true;
      // The last column stays free: some terminals wrap when it is written.
      this.#options.write(clearLine + progressLine(view, columns - 1, this.#options.style));
      return;
    }
    if (now - this.#shownAt < Math.max(sentenceEveryMs, view.elapsedMs / 10)) return;
    const sentence = progressSentence(view);
    if (sentence === this.#last) return;
    this.#shownAt = now;
    this.#last = sentence;
    this.#options.write(`${sentence}\n`);
  }

  end(): void {
    if (this.#drawn) this.#options.write(clearLine);
    this.#drawn = false;
  }

  #line(text: string): void {
    this.end();
    this.#options.write(`${text}\n`);
  }

  #linesOf(event: RunEvent): readonly string[] {
    const { style, cwd, debug } = this.#options;
    switch (event.type) {
      case 'started':
        return event.found || event.again ? [foundText(event)] : [];
      case 'others':
        return [othersText(event.ids)];
      case 'log':
        return event.line.level === 'debug' && !debug ? [] : [logLineText(event.line, style)];
      case 'output':
        return [nodeLineText(event.line, style) ?? event.line];
      case 'crashed':
        return [
          `${style.bad('crash:')} the process that runs the task ended (${event.how}). It is started again; the task goes on.`,
        ];
      case 'stopping':
        return [`Stopping (${event.signal}); once more ends it at once.`];
      case 'stopped':
        return [stoppedText(event), ...event.advice];
      case 'left':
        return [leftText(event), ...event.advice];
      case 'finished':
        return [finishedText(event, style)];
      case 'failed':
        return [...renderError(event.error, { style, cwd, debug }), ...event.advice];
      default:
        return event satisfies never;
    }
  }
}

const foundText = ({ status, over, again }: Extract<RunEvent, { type: 'started' }>): string => {
  const kept = progressText(status);
  const what = `${status.name} ${status.id}`;
  if (over && status.state === 'completed') return `${what} has completed before; this is its stored result.`;
  if (over) return `${what} has ${status.state} before.`;
  const since = again ? '' : `, begun ${status.createdAt.toISOString()}`;
  return `Continuing ${what}${since}${kept === '' ? '' : `: ${kept} done`}.`;
};

const othersText = (ids: readonly string[]): string =>
  ids.length === 1
    ? `Another unfinished task of this folder runs as well: ${ids[0]} (tutti list --state unfinished).`
    : `${ids.length} other unfinished tasks of this folder run as well (tutti list --state unfinished).`;

const stoppedText = ({ status }: Extract<RunEvent, { type: 'stopped' }>): string => {
  if (status === undefined) return 'Stopped before the task was started.';
  const kept = progressText(status);
  return `Stopped. ${status.name} ${status.id} is kept${kept === '' ? '' : ` with ${kept}`}.`;
};

const leftText = ({ status, why }: Extract<RunEvent, { type: 'left' }>): string =>
  `${status.name} ${status.id} goes on${why === 'timeout' ? ': it has not ended in time' : ' without being watched'}.`;

const finishedText = (event: Extract<RunEvent, { type: 'finished' }>, style: Style): string => {
  const took = event.stored === undefined ? ` in ${formatDuration(event.elapsedMs)}` : '';
  return `${style.good('done:')} ${event.task}${took}`;
};

const levelNames: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** A line of the node's structured log, for people; undefined for any other line. */
export const nodeLineText = (line: string, style: Style): string | undefined => {
  if (!line.startsWith('{"level":')) return undefined;
  try {
    const { level, time: _time, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const name = levelNames[level as number];
    if (name === undefined || typeof message !== 'string') return undefined;
    const rest = Object.entries(fields).map(
      ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    return `${name === 'warn' || name === 'error' || name === 'fatal' ? style.bad(name) : style.dim(name)} ${message} ${style.dim(oneLine(rest.join(' ')))}`.trimEnd();
  } catch {
    return undefined;
  }
};
