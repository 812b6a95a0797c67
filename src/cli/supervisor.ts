/**
 * Runs a task's node in a child process and sees to it that the task comes to its end: a child that crashes is started again on
 * the same data, and attaches to the task it had started.
 *
 * States: running → (crash → running)* → ended; `stop` asks the child to close, `kill` ends it at once, and neither is followed by
 * another start.
 *
 * S1. Whether the task was started or not when the child died is not known here, and need not be: it is started again under the
 *     same id or key, which attaches.
 * S2. The task's own count of crashes ends one that crashes each time. Crashes that are no task's doing are bounded here.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { TuttiError } from '../errors/tutti-error.ts';
import { decodeError } from '../values/codec.ts';
import { OutputLines } from './output-lines.ts';
import type { FromChild, RunRequest, ToChild } from './run-protocol.ts';

export type SupervisorHandlers = {
  readonly message: (message: FromChild) => void;
  /** A line that the child printed. */
  readonly output: (line: string) => void;
  /** The child died and is started again; `how` says how it died. */
  readonly crashed: (how: string) => void;
};

export type RunOutcome =
  | { readonly kind: 'result' }
  | { readonly kind: 'failed'; readonly error: Error }
  /** `status`: an encoded `TaskStatus`, where there is a task. */
  | { readonly kind: 'stopped'; readonly status: string | undefined };

const crashesInARowMax = 20;
/** How long a child may take to close its node before it is ended. */
const closeMaxMs = 8_000;

export class Supervisor {
  readonly #entry: URL;
  readonly #handlers: SupervisorHandlers;
  #request: RunRequest;
  #child: ChildProcess | undefined;
  #imported = false;
  #crashes = 0;
  #stopping = false;
  #outcome: RunOutcome | undefined;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(entry: URL, request: RunRequest, handlers: SupervisorHandlers) {
    this.#entry = entry;
    this.#request = request;
    this.#handlers = handlers;
  }

  /** Settles when the child has ended for good. */
  async run(): Promise<RunOutcome> {
    for (;;) {
      const death = await this.#runChild();
      clearTimeout(this.#closeTimer);
      if (this.#outcome !== undefined) return this.#outcome;
      if (this.#stopping) return { kind: 'stopped', status: undefined };
      const verdict = this.#verdict(death);
      if (verdict !== undefined) {
        // The place in our own code says nothing.
        verdict.stack = `${verdict.name}: ${verdict.message}`;
        return { kind: 'failed', error: verdict };
      }
      this.#handlers.crashed(death.text);
    }
  }

  /** The child closes its node and ends; what is unfinished goes on another time. */
  stop(): void {
    this.#stopping = true;
    this.#tell({ kind: 'close' });
    this.#endSoon();
  }

  /** Ends the child at once. Nothing that is recorded is lost. */
  kill(): void {
    this.#stopping = true;
    this.#child?.kill('SIGKILL');
  }

  #runChild(): Promise<Death> {
    const child = fork(fileURLToPath(this.#entry), [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = child;
    const out = [child.stdout, child.stderr].map((stream) => this.#lines(stream as Readable));
    child.on('message', (message: FromChild) => this.#receive(message));
    this.#tell(this.#request);
    return new Promise((resolve) => {
      let failure: Error | undefined;
      child.on('error', (error) => {
        failure = error;
        if (child.pid === undefined) resolve({ signal: undefined, text: error.message });
      });
      child.on('close', (code, signal) => {
        for (const lines of out) lines.end();
        resolve({ signal: signal ?? undefined, text: failure?.message ?? deathText(code, signal) });
      });
    });
  }

  #lines(stream: Readable): OutputLines {
    const lines = new OutputLines(this.#handlers.output);
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => lines.take(text));
    return lines;
  }

  #receive(message: FromChild): void {
    switch (message.kind) {
      case 'imported':
        this.#imported = true;
        break;
      case 'started':
        // From here on the task is known: a child that takes over attaches to it.
        this.#request = { ...this.#request, attach: message.id, task: undefined, input: undefined, retry: false };
        break;
      case 'event':
        // It gets on: crashes are counted anew.
        this.#crashes = 0;
        break;
      case 'result':
        this.#outcome = { kind: 'result' };
        this.#endSoon();
        break;
      case 'failed':
        this.#outcome ??= { kind: 'failed', error: decodeError(message.error) };
        this.#endSoon();
        break;
      case 'closed':
        this.#outcome ??= { kind: 'stopped', status: message.status };
        break;
      case 'executors':
      case 'others':
        break;
      default:
        message satisfies never;
    }
    this.#handlers.message(message);
  }

  #tell(message: ToChild): void {
    // A child that has gone is noticed by its end.
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  #endSoon(): void {
    clearTimeout(this.#closeTimer);
    this.#closeTimer = setTimeout(() => this.#child?.kill('SIGKILL'), closeMaxMs);
  }

  /** Why it is not started again; undefined if it is. */
  #verdict({ signal, text }: Death): Error | undefined {
    this.#crashes++;
    if (!this.#imported)
      return new TuttiError(
        'APP_LOAD',
        `The process that loads the app ended before it was loaded (${text}). Run the module by itself to see why: node ${fileURLToPath(this.#request.app)}`,
        { details: { signal } },
      );
    if (this.#request.settings.engine === 'memory')
      return new TuttiError(
        'TASK_CRASHED',
        `The process that ran the task ended (${text}). With --engine memory nothing was kept, so the task cannot go on. Run it again without --engine memory: it then goes on after a crash.`,
        { details: { last: text } },
      );
    if (this.#crashes >= crashesInARowMax)
      return new TuttiError(
        'TASK_CRASHED',
        `The process that runs the task has ended ${this.#crashes} times in a row without getting any further (${text}). What is recorded is kept.`,
        { details: { crashes: this.#crashes, last: text } },
      );
    return undefined;
  }
}

type Death = { readonly signal: NodeJS.Signals | undefined; readonly text: string };

const deathText = (code: number | null, signal: NodeJS.Signals | null): string => {
  switch (signal) {
    case null:
      return `exit code ${code ?? 'unknown'}`;
    case 'SIGKILL':
      return 'SIGKILL: it was killed, perhaps by the system for want of memory';
    case 'SIGABRT':
    case 'SIGTRAP':
      return `${signal}: it gave up, often for want of memory`;
    case 'SIGSEGV':
    case 'SIGBUS':
    case 'SIGILL':
    case 'SIGFPE':
      return `${signal}: a crash in native code`;
    default:
      return signal;
  }
};
