/**
 * A chunk: the named task's function, run for each item of a slice of a map, one after the other.
 *
 * C1  Each item has the task's attempts, in place; the pause between two holds no slot.
 * C2  Steps inside an item are journaled in the chunk's journal, under keys that begin with the item's index in the map; an
 *     item's id and chance come from that index too, so that they do not depend on where chunks begin.
 * C3  A million items of nothing must cost little: what an item does not use is not made, and a result that is there at
 *     once is not awaited.
 * C4  At least every `sliceMs` other work of the thread comes to its turn.
 */

import type { TaskPolicy } from '../../app/policy.ts';
import type { TaskDefinition } from '../../app/task.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { backoffMs } from '../../tasks/backoff.ts';
import { encodeError } from '../../values/codec.ts';
import type { Attempt } from './attempt.ts';
import { decodeOutcomes, encodeOutcomes, ItemFailure } from './chunk-outcomes.ts';
import { contextOf } from './context.ts';
import type { Host } from './host.ts';
import { pauseBetweenTries } from './pause.ts';
import { runInScope, Scope } from './scope.ts';
import { policyOfAttempt } from './step-function.ts';
import { isThenable } from './steps.ts';
import { isRetryable } from './task-run.ts';

const sliceMs = 10;

/** Enters the first item. True: the whole chunk ended within this call. */
export const runChunk = (host: Host, attempt: Attempt, definition: TaskDefinition): boolean => {
  try {
    new ChunkRun(host, attempt, definition).begin();
  } catch (error) {
    // Of our own making: a text that is no chunk.
    host.fail(attempt, error, false);
  }
  return attempt.ended;
};

class ChunkRun {
  private readonly host: Host;
  private readonly attempt: Attempt;
  private readonly definition: TaskDefinition;
  private readonly policy: TaskPolicy;
  /** Index in the map of the first item. */
  private readonly from: number;
  private readonly collect: boolean;
  private readonly items: unknown[];
  private readonly outcomes: unknown[];
  private failures = false;
  /** The item that runs, and how often it was tried. */
  private at = 0;
  private tries = 0;
  private scope: Scope | undefined = undefined;
  private sliceEndMs = 0;

  constructor(host: Host, attempt: Attempt, definition: TaskDefinition) {
    this.host = host;
    this.attempt = attempt;
    this.definition = definition;
    this.policy = policyOfAttempt(host, attempt);
    const { from, collect, itemsText } = parseChunk(attempt.input);
    attempt.input = '';
    this.from = from;
    this.collect = collect;
    this.items = decodeOutcomes(itemsText);
    this.outcomes = new Array<unknown>(this.items.length);
  }

  /** Begins a slice. */
  begin(): void {
    this.sliceEndMs = this.host.env.clock.monotonic() + sliceMs;
    this.slice();
  }

  /** Runs items until one is not there at once, the slice is over, or all are through. */
  private slice(): void {
    const { attempt, items } = this;
    while (!attempt.ended) {
      if (this.at === items.length) {
        this.finish();
        return;
      }
      if (this.host.env.clock.monotonic() >= this.sliceEndMs) {
        this.host.slice(attempt, () => this.begin());
        return;
      }
      if (!this.runItem()) return;
    }
  }

  /** True: the item has its outcome. */
  private runItem(): boolean {
    const { attempt, at } = this;
    const item = this.items[at];
    if (item instanceof ItemFailure) return this.failed(item);
    this.tries++;
    const index = this.from + at;
    const scope = new Scope(attempt, `${attempt.id}/${index}`, this.tries, `i${index}:`, true);
    this.scope = scope;
    if (this.policy.timeoutMs > 0) this.host.setLimit(attempt, this.policy.timeoutMs);
    let result: unknown;
    try {
      result = runInScope(scope, this.definition.fn, contextOf(this.host, scope), item as never);
    } catch (thrown) {
      return this.threw(thrown);
    }
    if (!isThenable(result)) return this.gave(result);
    this.awaitItem(result);
    return false;
  }

  private awaitItem(result: PromiseLike<unknown>): void {
    const { attempt, at, tries } = this;
    const isCurrent = (): boolean => !attempt.ended && this.at === at && this.tries === tries;
    const forgetTimeout = this.policy.timeoutMs > 0 ? this.startTimeout(isCurrent) : undefined;
    const settled = (hasOutcome: () => boolean): void => {
      if (!isCurrent()) return;
      forgetTimeout?.();
      if (hasOutcome()) this.slice();
    };
    result.then(
      (value) => settled(() => this.gave(value)),
      (thrown: unknown) => settled(() => this.threw(thrown)),
    );
  }

  /** The task's timeout is each item's. An item that is late counts as failed; whatever it still does is ignored. */
  private startTimeout(isCurrent: () => boolean): () => void {
    const { attempt, host } = this;
    const { timeoutMs } = this.policy;
    const forget = attempt.onEnd(
      host.env.timers.after(timeoutMs, () => {
        forget();
        if (!isCurrent()) return;
        const late = new TuttiError(
          'TASK_TIMEOUT',
          `Item ${this.from + this.at} of ${attempt.name} ran longer than its timeout of ${timeoutMs} ms`,
          {
            details: { id: attempt.id, index: this.from + this.at, timeoutMs },
          },
        );
        if (this.threw(late, true)) this.slice();
      }),
    );
    return forget;
  }

  private gave(value: unknown): boolean {
    this.outcomes[this.at] = value;
    return this.next();
  }

  private threw(thrown: unknown, retryable = isRetryable(thrown)): boolean {
    const { attempt, host } = this;
    if (!retryable || this.tries >= this.policy.attempts) return this.failed(new ItemFailure(encodeError(thrown)));
    this.closeScope();
    // What the item was told already it is told again; nothing of it is done twice.
    attempt.journal?.rewind();
    const delayMs = backoffMs(this.tries, this.policy, host.env.random.fraction());
    pauseBetweenTries(host, attempt, delayMs, () => this.begin());
    return false;
  }

  private failed(failure: ItemFailure): boolean {
    if (this.collect) {
      this.outcomes[this.at] = failure;
      this.failures = true;
      return this.next();
    }
    this.host.fail(this.attempt, mapFailure(this.attempt, this.from + this.at, failure.error), false);
    return true;
  }

  private next(): boolean {
    this.closeScope();
    if (this.scope !== undefined) this.attempt.journal?.forget(this.scope.prefix);
    this.attempt.maps?.clear();
    // The item is not needed again.
    this.items[this.at] = undefined;
    this.at++;
    this.tries = 0;
    return true;
  }

  private closeScope(): void {
    if (this.scope !== undefined) this.scope.closed = true;
    this.attempt.stepsOpen = 0;
    if (this.policy.timeoutMs > 0) this.host.setLimit(this.attempt, 0);
  }

  private finish(): void {
    this.host.finish(
      this.attempt,
      encodeOutcomes(this.outcomes, this.failures, (at) => `result of item ${this.from + at}`),
    );
  }
}

/** The failure of a map: that of its first item that failed all its attempts. */
const mapFailure = (attempt: Attempt, index: number, cause: Error): TuttiError => {
  const failure = new TuttiError('TASK_FAILED', `Item ${index} of ${attempt.name} failed: ${cause.message}`, {
    details: { id: attempt.id, task: attempt.name, index },
    cause,
  });
  failure.stack = `${failure.name}: ${failure.message}`;
  return failure;
};

/** The leader writes this text (`map.ts` in `tasks/`): the items stay as the parent's executor encoded them. */
const chunkPattern = /^\{"from":(\d+),"collect":([01]),"items":/;

const parseChunk = (text: string): { readonly from: number; readonly collect: boolean; readonly itemsText: string } => {
  const match = chunkPattern.exec(text);
  if (match === null) throw new TuttiError('INVARIANT', `Not a chunk: ${text.slice(0, 60)}`);
  return { from: Number(match[1]), collect: match[2] === '1', itemsText: text.slice(match[0].length, -1) };
};
