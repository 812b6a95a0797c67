/**
 * Executors that do not answer. One gets nothing more until it does; what it has not begun goes to others, as soon as
 * another wants work: until then it may yet answer and run it itself. One that the code of a task keeps owes no canary.
 */
import { excuseCanaries } from '../../tasks/request-canary.ts';
import { takeBackUnstarted } from '../../tasks/take-back.ts';
import type { AttemptName } from '../executor/control.ts';
import { type ExecutorPeer, othersTakeWork } from './dispatch.ts';
import type { Part } from './part.ts';

export class SilentExecutors {
  readonly #executors: ReadonlyMap<number, ExecutorPeer>;
  /** Whose unstarted tasks could still go to others, and what keeps it from answering, where known. */
  readonly #holding = new Map<number, AttemptName | undefined>();

  constructor(executors: ReadonlyMap<number, ExecutorPeer>) {
    this.#executors = executors;
  }

  fellSilent(executor: number, running: AttemptName | undefined, kept: boolean, parts: Iterable<Part>): void {
    const known = this.#executors.get(executor);
    if (known === undefined) return;
    known.silent = true;
    known.running = running;
    known.kept = kept;
    this.#holding.set(executor, running);
    if (!kept) return;
    for (const { host, tasks, leading } of parts)
      if (leading) host.transact((tx) => excuseCanaries(tasks, tx, executor));
  }

  answers(executor: number): void {
    const known = this.#executors.get(executor);
    if (known !== undefined) {
      known.silent = false;
      known.running = undefined;
      known.kept = false;
    }
    this.#holding.delete(executor);
  }

  gone(executor: number): void {
    this.#holding.delete(executor);
  }

  takeBack(parts: readonly Part[]): void {
    for (const [executor, running] of this.#holding) {
      if (!othersTakeWork(this.#executors, executor)) continue;
      this.#holding.delete(executor);
      for (const part of parts) {
        if (!part.leading) continue;
        const here = running?.partition === part.number ? running : undefined;
        part.host.transact((tx) => {
          takeBackUnstarted(part.tasks, tx, executor, here);
        });
      }
    }
  }
}
