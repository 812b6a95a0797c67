/** `tutti run`: runs one task on a node of its own and ends. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isTuttiError } from '../errors/tutti-error.ts';
import { nodeEnv } from '../platform/node.ts';
import type { TaskEvent, TaskStatus } from '../protocol/task-view.ts';
import { decodeValue } from '../values/codec.ts';
import { mintTaskId } from '../values/task-id.ts';
import { appFile } from './app-file.ts';
import { childEntries } from './child-entries.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { readInput } from './json-input.ts';
import { beginProgress, type Progress, withExecutors, withPieces } from './progress-state.ts';
import type { Reporter } from './reporter.ts';
import { reporterOf } from './reporter-of.ts';
import { continueAdvice, retryAdvice } from './run-advice.ts';
import type { FromChild, NodeSettings, RunRequest } from './run-protocol.ts';
import type { Shell } from './shell.ts';
import { Supervisor } from './supervisor.ts';

export type RunCommand = {
  /** As on the command line. */
  readonly app: string;
  readonly task: string | undefined;
  readonly input: string | undefined;
  readonly settings: NodeSettings;
  readonly key: string | undefined;
  readonly attach: string | undefined;
  readonly retry: boolean;
  readonly json: boolean;
  /** The options as given, as words that give them again. */
  readonly optionWords: readonly string[];
};

const tickMs = 100;
const nothingText = '{"$undefined":true}';
const signals = { SIGINT: exitCode.interrupted, SIGTERM: exitCode.terminated, SIGHUP: 129 } as const;

export const run = async (command: RunCommand, shell: Shell): Promise<number> => {
  const env = nodeEnv();
  const reporter = reporterOf(command.json, command.settings.logLevel, shell);
  try {
    const request: RunRequest = {
      kind: 'run',
      app: pathToFileURL(appFile(resolve(shell.cwd, command.app), command.app)).href,
      task: command.task,
      input: await readInput(command.input, {
        readFile: (path) => readFile(resolve(shell.cwd, path), 'utf8'),
        readStdin: shell.readStdin,
      }),
      settings: command.settings,
      key: command.key,
      id: newTaskId(env.clock.now(), env.random.bytes(11)),
      attach: command.attach,
      retry: command.retry,
    };
    return await new Run(command, request, reporter, shell, env.clock).go();
  } catch (error) {
    reporter.tell({ type: 'failed', error, advice: [] });
    return exitCodeOf(error);
  } finally {
    reporter.end();
  }
};

const newTaskId = (nowMs: number, random: Uint8Array): string =>
  mintTaskId(((random[9] as number) << 8) | (random[10] as number), nowMs, random);

type Clock = ReturnType<typeof nodeEnv>['clock'];

class Run {
  readonly #command: RunCommand;
  readonly #reporter: Reporter;
  readonly #shell: Shell;
  readonly #clock: Clock;
  readonly #begunAt: number;
  #begunMs: number;
  readonly #supervisor: Supervisor;
  #progress: Progress;
  #status: TaskStatus | undefined;
  #starts = 0;
  #ended = false;
  #stored: TaskStatus | undefined;
  #printing: Promise<void> = Promise.resolve();
  #signal: keyof typeof signals | undefined;

  constructor(command: RunCommand, request: RunRequest, reporter: Reporter, shell: Shell, clock: Clock) {
    this.#command = command;
    this.#reporter = reporter;
    this.#shell = shell;
    this.#clock = clock;
    this.#begunAt = clock.now();
    this.#begunMs = clock.monotonic();
    this.#progress = beginProgress(command.task ?? command.attach ?? '', this.#begunMs);
    this.#supervisor = new Supervisor(childEntries.run, request, {
      message: (message) => this.#receive(message),
      output: (line) => reporter.tell({ type: 'output', line }),
      crashed: (how) => reporter.tell({ type: 'crashed', how }),
    });
  }

  async go(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.#stop(signal as keyof typeof signals);
    for (const signal of Object.keys(signals)) process.on(signal, onSignal);
    const ticks = setInterval(() => this.#show(), tickMs);
    try {
      const outcome = await this.#supervisor.run();
      clearInterval(ticks);
      await this.#printing;
      switch (outcome.kind) {
        case 'result':
          return exitCode.ok;
        case 'failed':
          return this.#failed(outcome.error);
        case 'stopped':
          return this.#stopped(outcome.status);
        default:
          return outcome satisfies never;
      }
    } finally {
      clearInterval(ticks);
      for (const signal of Object.keys(signals)) process.off(signal, onSignal);
    }
  }

  #stop(signal: keyof typeof signals): void {
    if (this.#signal !== undefined) {
      this.#supervisor.kill();
      return;
    }
    this.#signal = signal;
    this.#reporter.tell({ type: 'stopping', signal });
    this.#supervisor.stop();
  }

  #receive(message: FromChild): void {
    const now = this.#clock.monotonic();
    switch (message.kind) {
      case 'started':
        this.#started(decodeValue(message.status) as TaskStatus);
        break;
      case 'event':
        this.#happened(decodeValue(message.text) as TaskEvent, now);
        break;
      case 'others':
        if (this.#starts === 1) this.#reporter.tell({ type: 'others', ids: message.ids });
        break;
      case 'executors':
        this.#progress = withExecutors(this.#progress, message.count, message.busy);
        break;
      case 'result':
        this.#ended = true;
        this.#reporter.end();
        this.#reporter.tell({
          type: 'finished',
          task: this.#progress.task,
          elapsedMs: now - this.#begunMs,
          stored: this.#stored,
        });
        if (message.text !== nothingText) this.#printing = this.#shell.print(`${message.text}\n`);
        break;
      case 'failed':
      case 'closed':
        this.#ended = true;
        break;
      case 'imported':
        break;
      default:
        message satisfies never;
    }
  }

  #started(status: TaskStatus): void {
    this.#starts++;
    this.#status = status;
    // Loading the app and opening the folder is no part of the task.
    if (this.#starts === 1) this.#begunMs = this.#clock.monotonic();
    const again = this.#starts > 1;
    const found = status.createdAt.getTime() < this.#begunAt;
    // One that ends between the opening of the folder and the question how it stands has not ended before.
    const over = !again && (status.finishedAt?.getTime() ?? Number.POSITIVE_INFINITY) < this.#begunAt;
    if (status.state === 'completed' && over) this.#stored = status;
    this.#progress = { ...this.#progress, task: status.name, startedMs: this.#begunMs };
    if (status.progress !== undefined) this.#pieces(status.progress, this.#clock.monotonic());
    this.#reporter.tell({ type: 'started', status, found, over, again });
  }

  #pieces(
    told: { readonly done: number; readonly total: number; readonly message?: string | undefined },
    now: number,
  ): void {
    const total = told.total < 0 ? undefined : told.total;
    this.#progress = withPieces(this.#progress, { done: told.done, total, message: told.message }, now);
  }

  #happened(event: TaskEvent, now: number): void {
    if (event.type === 'progress') this.#pieces(event, now);
    else if (event.type === 'log') this.#reporter.tell({ type: 'log', line: event });
  }

  #show(): void {
    if (this.#status !== undefined && this.#signal === undefined && !this.#ended)
      this.#reporter.progress(this.#progress);
  }

  #failed(error: Error): number {
    const ofTask = isTuttiError(error) && error.outcome === 'failed';
    const advice = ofTask ? retryAdvice(this.#command, this.#status, this.#shell.environment) : [];
    this.#reporter.tell({ type: 'failed', error, advice });
    return ofTask ? exitCode.failed : exitCodeOf(error);
  }

  #stopped(encoded: string | undefined): number {
    const status = encoded === undefined ? this.#status : (decodeValue(encoded) as TaskStatus);
    const advice = continueAdvice(this.#command, status, this.#shell.environment);
    this.#reporter.tell({ type: 'stopped', status, advice });
    return this.#signal === undefined ? exitCode.failed : signals[this.#signal];
  }
}
