/**
 * The asker's end of the thread in which simulated worlds run: gives it one run after the other. It is started by the first
 * run and serves all others; it keeps no process alive that has nothing else to do.
 */
import { Worker } from 'node:worker_threads';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { withCompileCache } from '../node/compile-cache.ts';
import type { FromWorldThread, ToWorldThread } from './thread-messages.ts';

export type RunAnswer = Exclude<FromWorldThread, { kind: 'ready' | 'alive' }>;

/** The entry file has the extension of this file: `.ts` in the repository, `.js` in the published package. */
const entry = new URL(`./world-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

export class Worlds {
  /** A run of which nothing is heard for so long has no end. */
  readonly #silenceMs: number;
  #thread: Worker | undefined;
  #runs = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(silenceMs: number = limits.simulationSilenceMs) {
    this.#silenceMs = silenceMs;
  }

  /** Settles when the run is through. Rejects where the thread ends or goes round in a circle: `SIMULATION_ENDLESS`. */
  run(request: ToWorldThread): Promise<RunAnswer> {
    const answer = this.#last.then(() => this.#runNow(request));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  #runNow(request: ToWorldThread): Promise<RunAnswer> {
    if (this.#runs >= limits.simulationRunsPerThread) this.#drop();
    this.#runs++;
    this.#thread ??= new Worker(entry, { name: 'tutti-worlds', env: withCompileCache() });
    const thread = this.#thread;
    return new Promise<RunAnswer>((resolve, reject) => {
      let silent: ReturnType<typeof setTimeout> | undefined;
      const done = (): void => {
        clearTimeout(silent);
        thread.off('message', heard);
        thread.off('error', failed);
        thread.off('exit', ended);
        thread.unref();
      };
      const lost = (error: unknown): void => {
        done();
        this.#drop();
        reject(error);
      };
      const failed = (error: unknown): void => lost(error);
      const ended = (code: number): void =>
        lost(new TuttiError('INVARIANT', `The thread of simulated worlds ended with code ${code}.`));
      const listen = (): void => {
        clearTimeout(silent);
        silent = setTimeout(() => {
          lost(
            new TuttiError(
              'SIMULATION_ENDLESS',
              `Nothing was heard of the run for ${this.#silenceMs / 1_000} s of real time: code in it goes round without waiting for anything, or its modules never end to load.`,
              { details: { silentMs: this.#silenceMs } },
            ),
          );
        }, this.#silenceMs);
      };
      const heard = (message: FromWorldThread): void => {
        if (message.kind === 'ready' || message.kind === 'alive') listen();
        else {
          done();
          resolve(message);
        }
      };
      thread.on('message', heard);
      thread.on('error', failed);
      thread.on('exit', ended);
      thread.ref();
      listen();
      thread.postMessage(request);
    });
  }

  #drop(): void {
    void this.#thread?.terminate();
    this.#thread = undefined;
    this.#runs = 0;
  }
}

/** One for all of this thread. */
export const worlds = new Worlds();
