/**
 * One JSON object a line, for machines: `{"event":…,"time":…, …}`. Values and errors are in JSON form. Events and fields are
 * added, never taken away or changed.
 */
import { encodeError, encodeValue } from '../values/codec.ts';
import { type Progress, viewOf } from './progress-state.ts';
import type { Reporter, RunEvent } from './reporter.ts';
import { machineText } from './task-view.ts';

const progressEveryMs = 500;

export type JsonReporterOptions = {
  readonly write: (text: string) => void;
  readonly now: () => number;
  readonly monotonic: () => number;
};

export class JsonReporter implements Reporter {
  readonly #options: JsonReporterOptions;
  #shownAt = Number.NEGATIVE_INFINITY;
  #last = '';

  constructor(options: JsonReporterOptions) {
    this.#options = options;
  }

  tell(event: RunEvent): void {
    switch (event.type) {
      case 'started':
        this.#line('started', { found: event.found, again: event.again, task: raw(machineText(event.status)) });
        break;
      case 'others':
        this.#line('others', { ids: event.ids });
        break;
      case 'log':
        this.#line('log', {
          level: event.line.level,
          at: event.line.time.toISOString(),
          message: event.line.message,
          fields: event.line.fields === undefined ? undefined : raw(encodeValue(event.line.fields)),
        });
        break;
      case 'output':
        this.#output(event.line);
        break;
      case 'crashed':
        this.#line('crashed', { how: event.how });
        break;
      case 'stopping':
        this.#line('stopping', { signal: event.signal });
        break;
      case 'stopped':
        this.#line('stopped', {
          task: event.status === undefined ? undefined : raw(machineText(event.status)),
          advice: event.advice,
        });
        break;
      case 'left':
        this.#line('left', { task: raw(machineText(event.status)), why: event.why, advice: event.advice });
        break;
      case 'finished':
        this.#line('finished', { elapsedMs: Math.round(event.elapsedMs), stored: event.stored !== undefined });
        break;
      case 'failed':
        this.#line('failed', { error: raw(encodeError(event.error)), advice: event.advice });
        break;
      default:
        event satisfies never;
    }
  }

  progress(progress: Progress): void {
    const now = this.#options.monotonic();
    if (now - this.#shownAt < progressEveryMs) return;
    const { pieces, perSecond, leftMs, executors } = viewOf(progress, now);
    if (pieces === undefined && executors === undefined) return;
    const state = JSON.stringify([pieces, executors]);
    if (state === this.#last) return;
    this.#last = state;
    this.#shownAt = now;
    this.#line('progress', {
      done: pieces?.done,
      total: pieces?.total,
      message: pieces?.message,
      perSecond: perSecond === undefined ? undefined : Math.round(perSecond * 1_000) / 1_000,
      leftMs: leftMs === undefined ? undefined : Math.round(leftMs),
      executors: executors?.count,
      busyExecutors: executors?.busy,
    });
  }

  end(): void {
    // Nothing is kept back.
  }

  /** Lines of the node's own log are objects already. */
  #output(line: string): void {
    if (line.startsWith('{"level":')) {
      try {
        this.#line('node', { line: raw(JSON.stringify(JSON.parse(line))) });
        return;
      } catch {
        // It only looked like one.
      }
    }
    this.#line('output', { line });
  }

  #line(event: string, fields: Readonly<Record<string, unknown>>): void {
    const time = new Date(this.#options.now()).toISOString();
    this.#options.write(`${JSON.stringify({ event, time, ...fields })}\n`);
  }
}

/** Text that is JSON already, as part of a larger one. */
const raw = (text: string): unknown => JSON.parse(text);
