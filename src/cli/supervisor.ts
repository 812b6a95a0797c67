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
import { fileURLToPath } from 'node:url';
import { TuttiError } from '../errors/tutti-error.ts';
import { decodeError } from '../values/codec.ts';
import { Child, type Death } from './child.ts';
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
  #child: Child<FromChild, ToChild> | undefined;
  #imported = false;
  #crashes = 0;
  #stopping = false;
  #outcome: RunOutcome | undefined;

  constructor(entry: URL, request: RunRequest, handlers: SupervisorHandlers) {
    this.#entry = entry;
    this.#request = request;
    this.#handlers = handlers;
  }

  /** Settles when the child has ended for good. */
  async run(): Promise<RunOutcome> {
    for (;;) {
      const death = await this.#runChild();
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
    this.#child?.tell({ kind: 'close' });
    this.#child?.endWithin(closeMaxMs);
  }

  /** Ends the child at once. Nothing that is recorded is lost. */
  kill(): void {
    this.#stopping = true;
    this.#child?.kill();
  }

  #runChild(): Promise<Death> {
    const child = new Child<FromChild, ToChild>(this.#entry, {
      message: (message) => this.#receive(message),
      output: this.#handlers.output,
    });
    this.#child = child;
    child.tell(this.#request);
    return child.ended;
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
        this.#child?.endWithin(closeMaxMs);
        break;
      case 'failed':
        this.#outcome ??= { kind: 'failed', error: decodeError(message.error) };
        this.#child?.endWithin(closeMaxMs);
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
