/**
 * Has a new leader look which tasks have ended under earlier ones, so that they are removed in time: slice by slice, between whatever else
 * is to be done. Where it took over from another node it begins a while later: its callers come first.
 */
import { limits } from '../../limits.ts';
import { collectFinished } from '../../tasks/claim.ts';
import type { Part } from './part.ts';
import type { StateHostOptions } from './state-host-options.ts';

export class FinishedTasks {
  readonly #options: Pick<StateHostOptions, 'env' | 'soon'>;
  /** Of those that have not begun. */
  readonly #cancels = new Set<() => void>();
  #closed = false;

  constructor(options: Pick<StateHostOptions, 'env' | 'soon'>) {
    this.#options = options;
  }

  /** The part has taken over its tasks. */
  collect(part: Part): void {
    const { epoch } = part.host.core;
    if (!part.shared) {
      this.#goOn(part, epoch, '');
      return;
    }
    const cancel = this.#options.env.timers.after(limits.collectFinishedMs, () => {
      this.#cancels.delete(cancel);
      this.#goOn(part, epoch, '');
    });
    this.#cancels.add(cancel);
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
  }

  #goOn(part: Part, epoch: number, after: string): void {
    if (this.#closed || !part.leading || part.host.core.epoch !== epoch) return;
    let next: string | undefined;
    part.host.transact((tx) => {
      next = collectFinished(part.tasks, tx, after, limits.collectFinishedRows);
    });
    if (next !== undefined) this.#options.soon(() => this.#goOn(part, epoch, next as string));
  }
}
