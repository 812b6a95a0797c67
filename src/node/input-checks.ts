/**
 * Checks inputs from outside by the schemas of an app, in a thread of its own: a schema that hangs or ends its thread holds up
 * nobody but the inputs that wait beside it, and the next one gets a new thread.
 */
import { Worker } from 'node:worker_threads';
import { TuttiError } from '../errors/tutti-error.ts';
import type { FromInputsThread, InputsThreadData, ToInputsThread } from '../execution/inputs/control.ts';
import { threadEntries } from '../execution/thread-entries.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { AppDescription } from '../protocol/app-description.ts';
import { decodeError } from '../values/codec.ts';
import { stderrLines } from './line-output.ts';

type Pending = {
  readonly name: string;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
  readonly cancelLimit: () => void;
};

type Thread = {
  readonly worker: Worker;
  readonly app: Promise<AppDescription>;
  readonly pending: Map<number, Pending>;
  /** Ends it unless it says before that it is alive. */
  cancelEnd: (() => void) | undefined;
};

/** So long a thread has for an answer that costs nothing. */
const aliveMs = 200;

export class InputChecks {
  readonly #module: string;
  readonly #env: Env;
  readonly #output = stderrLines();
  #thread: Thread | undefined;
  #nextRequest = 1;
  #closed = false;

  /** `module`: address of the app's module. Its thread starts with the first use. */
  constructor(module: string, env: Env) {
    this.#module = module;
    this.#env = env;
  }

  /** What the app has. Rejects with `APP_LOAD`, `APP_INVALID`. */
  describe(): Promise<AppDescription> {
    return this.#running().app;
  }

  /**
   * What the schema of a task makes of an input, both in JSON form. Rejects with `INPUT_INVALID`, also for a schema that gives no
   * answer within `limits.validationMs`; with `VALUE_MALFORMED` for a text that is no value.
   */
  async check(name: string, input: string): Promise<string> {
    const thread = this.#running();
    await thread.app;
    return new Promise<string>((resolve, reject) => {
      const request = this.#nextRequest++;
      const cancelLimit = this.#env.timers.after(limits.validationMs, () => this.#late(thread, request, name));
      thread.pending.set(request, { name, resolve, reject, cancelLimit });
      thread.worker.postMessage({ kind: 'check', request, name, input } satisfies ToInputsThread);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#lose(thread, new TuttiError('CLOSED', 'The node was closed.'));
    await thread.worker.terminate();
    this.#output.flush();
  }

  #running(): Thread {
    if (this.#closed) throw new TuttiError('CLOSED', 'The node was closed.');
    this.#thread ??= this.#start();
    return this.#thread;
  }

  #start(): Thread {
    const worker = new Worker(threadEntries.inputs, {
      workerData: { module: this.#module } satisfies InputsThreadData,
      name: 'tutti-inputs',
      stdout: true,
      stderr: true,
    });
    const pending = new Map<number, Pending>();
    const { promise: app, resolve, reject } = Promise.withResolvers<AppDescription>();
    app.catch(() => undefined);
    const thread: Thread = { worker, app, pending, cancelEnd: undefined };
    for (const stream of [worker.stdout, worker.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.#output.line(text.replace(/\n$/, '')));
    worker.on('message', (message: FromInputsThread) => {
      if (message.kind === 'ready') resolve(message.app);
      else if (message.kind === 'loadFailed') reject(decodeError(message.error));
      else if (message.kind === 'alive') {
        thread.cancelEnd?.();
        thread.cancelEnd = undefined;
      } else this.#checked(thread, message.request, message.ok, message.text);
    });
    const ended = (what: string): void => {
      const error = new TuttiError('INPUT_INVALID', `The thread that checks inputs by their schemas ended: ${what}.`);
      reject(error);
      this.#lose(thread, error);
    };
    worker.on('error', (error) => ended(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => ended(`with code ${code}`));
    return thread;
  }

  #checked(thread: Thread, request: number, ok: boolean, text: string): void {
    const pending = thread.pending.get(request);
    if (pending === undefined) return;
    thread.pending.delete(request);
    pending.cancelLimit();
    if (ok) pending.resolve(text);
    else pending.reject(decodeError(text));
  }

  /** The schema waits for something, or keeps its thread in a loop: that thread goes, and with it what waits there. */
  #late(thread: Thread, request: number, name: string): void {
    const pending = thread.pending.get(request);
    if (pending === undefined) return;
    thread.pending.delete(request);
    pending.reject(
      new TuttiError('INPUT_INVALID', `The input schema of ${name} gave no answer within ${limits.validationMs} ms.`, {
        details: { task: name },
      }),
    );
    if (thread.cancelEnd !== undefined) return;
    thread.cancelEnd = this.#env.timers.after(aliveMs, () => {
      this.#lose(
        thread,
        new TuttiError('OVERLOADED', `The input schema of ${name} kept others from being checked. Try again.`, {
          details: { retryMs: limits.overloadedRetryMs },
        }),
      );
      void thread.worker.terminate();
    });
    thread.worker.postMessage({ kind: 'ping' } satisfies ToInputsThread);
  }

  /** A thread is gone: what waited there is told, and the next input gets a new one. */
  #lose(thread: Thread, error: Error): void {
    if (this.#thread === thread) this.#thread = undefined;
    thread.cancelEnd?.();
    for (const { reject, cancelLimit } of thread.pending.values()) {
      cancelLimit();
      reject(error);
    }
    thread.pending.clear();
  }
}
