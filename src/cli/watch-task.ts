/**
 * Shows a task that runs elsewhere until it has ended: log lines and progress on stderr, its result on stdout. Who stops watching
 * stops nothing.
 */
import { isTuttiError } from '../errors/tutti-error.ts';
import type { nodeEnv } from '../platform/node.ts';
import type { TaskEvent, TaskStatus } from '../protocol/task-view.ts';
import { encodeValue } from '../values/codec.ts';
import { exitCode } from './exit-code.ts';
import { beginProgress, type Progress, withPieces } from './progress-state.ts';
import type { Reporter } from './reporter.ts';
import type { Shell } from './shell.ts';
import { commandWords, shellLine } from './shell-words.ts';
import { type StopSignal, stopCodes } from './signals.ts';
import type { TaskTools } from './task-access.ts';

const tickMs = 100;

export type Watching = {
  readonly tools: Pick<TaskTools, 'events'>;
  readonly status: TaskStatus;
  /** Index of the first log line to show. */
  readonly fromLog: number;
  readonly timeoutMs: number | undefined;
  readonly reporter: Reporter;
  readonly shell: Shell;
  readonly clock: ReturnType<typeof nodeEnv>['clock'];
  /** Words that name the same tasks in another command. */
  readonly targetWords: readonly string[];
  /** Takes every event, in place of what is shown of it; for programs. */
  readonly take?: (event: TaskEvent) => Promise<void>;
};

/** Settles with the exit code. Rejects where the task cannot be followed. */
export const watchTask = (watching: Watching): Promise<number> => new Watch(watching).go();

class Watch {
  readonly #watching: Watching;
  readonly #stop = new AbortController();
  readonly #begunMs: number;
  #progress: Progress;
  #why: StopSignal | 'timeout' | undefined;

  constructor(watching: Watching) {
    this.#watching = watching;
    const { status, clock } = watching;
    this.#begunMs = clock.monotonic();
    this.#progress = beginProgress(status.name, this.#begunMs);
    if (status.progress !== undefined) this.#pieces(status.progress);
  }

  async go(): Promise<number> {
    const { tools, status, fromLog, timeoutMs, reporter } = this.#watching;
    const onSignal = (signal: NodeJS.Signals): void => this.#leave(signal as StopSignal);
    for (const signal of Object.keys(stopCodes)) process.on(signal, onSignal);
    const ticks = setInterval(() => reporter.progress(this.#progress), tickMs);
    const limit = timeoutMs === undefined ? undefined : setTimeout(() => this.#leave('timeout'), timeoutMs);
    try {
      for await (const event of tools.events(status.id, { fromLog, signal: this.#stop.signal })) {
        await this.#watching.take?.(event);
        if (event.type === 'finished') return await this.#finished(event);
        this.#happened(event);
      }
      return exitCode.failed;
    } catch (error) {
      if (this.#why === undefined) throw error;
      return this.#left(this.#why);
    } finally {
      clearInterval(ticks);
      clearTimeout(limit);
      for (const signal of Object.keys(stopCodes)) process.off(signal, onSignal);
    }
  }

  #happened(event: Exclude<TaskEvent, { type: 'finished' }>): void {
    if (event.type === 'progress') this.#pieces(event);
    else if (event.type === 'log' && this.#watching.take === undefined)
      this.#watching.reporter.tell({ type: 'log', line: event });
  }

  #pieces({
    done,
    total,
    message,
  }: {
    readonly done: number;
    readonly total: number;
    readonly message?: string | undefined;
  }): void {
    const pieces = { done, total: total < 0 ? undefined : total, message };
    this.#progress = withPieces(this.#progress, pieces, this.#watching.clock.monotonic());
  }

  async #finished(event: Extract<TaskEvent, { type: 'finished' }>): Promise<number> {
    const { reporter, status, shell, clock, take } = this.#watching;
    reporter.end();
    if (take !== undefined) return event.ok ? exitCode.ok : exitCode.failed;
    if (!event.ok) {
      const ofTask = isTuttiError(event.error) && event.error.outcome === 'failed';
      reporter.tell({
        type: 'failed',
        error: event.error,
        advice: ofTask ? this.#advice('Run it again, from its last good step', 'retry') : [],
      });
      return exitCode.failed;
    }
    const over = status.finishedAt !== undefined;
    const elapsedMs = clock.monotonic() - this.#begunMs;
    reporter.tell({ type: 'finished', task: status.name, elapsedMs, stored: over ? status : undefined });
    if (event.value !== undefined) await shell.print(`${encodeValue(event.value)}\n`);
    return exitCode.ok;
  }

  #leave(why: StopSignal | 'timeout'): void {
    this.#why ??= why;
    this.#stop.abort();
  }

  #left(why: StopSignal | 'timeout'): number {
    const { reporter, status } = this.#watching;
    reporter.end();
    reporter.tell({ type: 'left', status, why, advice: this.#advice('Follow it', 'follow') });
    return why === 'timeout' ? exitCode.conflict : stopCodes[why];
  }

  #advice(what: string, command: string): readonly string[] {
    const { shell, status, targetWords } = this.#watching;
    return [`${what}: ${shellLine([...commandWords(shell.environment), command, status.id, ...targetWords])}`];
  }
}
