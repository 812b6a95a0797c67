/**
 * What a new leader of a partition asks every executor that may run some of its tasks: what it runs (DESIGN section 5, scenario T2). What
 * was noted to run, and nothing else, waits for the answers; the partition serves meanwhile. One that is gone is not waited for, nor is one
 * that does not answer in time: what it held is then no more its own, and it is told so when it answers.
 *
 * - H3: nothing is lost before all executors are known that may run something (`met`), however the partition came to be led here.
 * - H4: once every attempt that was noted is named, nobody is waited for: what the others run is nothing that is to be adopted, and they are
 *   told so when they answer.
 */
import { limits } from '../../limits.ts';
import { loseUnnamed, type NamedAttempt, takeNamed } from '../../tasks/claim.ts';
import { appendFlat, type Flat, toExecutor } from '../../tasks/messages.ts';
import type { AttemptName } from '../executor/control.ts';
import type { Executor } from './executor-table.ts';
import type { Part } from './part.ts';
import { takeAgain } from './reports.ts';
import type { StateHostOptions } from './state-host-options.ts';

export class RollCall {
  /** Those who were asked and have not answered. */
  readonly waiting = new Set<number>();
  /** All are known, and were asked. */
  met = false;
  adopted = 0;
}

/** The attempts that a `runs` message names. */
const namesOf = (attempts: Flat): NamedAttempt[] => {
  const named: NamedAttempt[] = [];
  for (let at = 0; at < attempts.length; at += 2)
    named.push({ epoch: attempts[at] as number, n: attempts[at + 1] as number });
  return named;
};

/** Holds the roll calls of a thread's partitions. */
export class RollCalls {
  readonly #executors: ReadonlyMap<number, Executor>;
  readonly #options: Pick<StateHostOptions, 'env' | 'met'>;
  readonly #changed: () => void;

  /** `changed` is called where there is something to send, or work for executors. */
  constructor(
    executors: ReadonlyMap<number, Executor>,
    options: Pick<StateHostOptions, 'env' | 'met'>,
    changed: () => void,
  ) {
    this.#executors = executors;
    this.#options = options;
    this.#changed = changed;
  }

  /** A part has become leader, and has taken over its tasks. */
  begin(part: Part): void {
    const rollCall = new RollCall();
    part.rollCall = rollCall;
    for (const executor of this.#executors.keys()) this.ask(part, executor);
    const { met } = this.#options;
    if (met === undefined) this.#allMet(part, rollCall);
    else {
      this.#look(part);
      void met().then(() => this.#allMet(part, rollCall));
    }
  }

  #allMet(part: Part, rollCall: RollCall): void {
    if (part.rollCall !== rollCall) return;
    rollCall.met = true;
    this.#look(part);
    if (part.rollCall === rollCall)
      this.#options.env.timers.after(limits.rollCallMs, () => {
        if (part.rollCall !== rollCall) return;
        // Who still keeps silent runs at least what keeps it silent.
        for (const [executor, { silent, running }] of this.#executors)
          if (silent) this.#silent(part, executor, running);
        this.#end(part, rollCall);
      });
  }

  ask(part: Part, executor: number): void {
    const out = this.#executors.get(executor)?.out;
    if (out === undefined) return;
    part.unanswered.add(executor);
    part.rollCall?.waiting.add(executor);
    appendFlat(out, [toExecutor.rollCall, part.number, part.host.core.epoch]);
    this.#changed();
  }

  /** Takes a `runs` message, beginning at `at`. */
  answered(part: Part, executor: number, flat: Flat, at: number): void {
    if (flat[at + 2] !== part.host.core.epoch) return;
    part.unanswered.delete(executor);
    if (!part.leading) return;
    const [attempts, reports] = flat.slice(at + 3) as [Flat, Flat];
    part.rollCall?.waiting.delete(executor);
    this.#take(part, executor, namesOf(attempts));
    // What it had told leaders before.
    takeAgain(part, { executor, flat: reports });
    this.#look(part);
  }

  gone(part: Part, executor: number): void {
    part.unanswered.delete(executor);
    part.rollCall?.waiting.delete(executor);
    this.#look(part);
  }

  /** One keeps computing, so that it cannot answer; `running` is what it computes. */
  silent(part: Part, executor: number, running: AttemptName | undefined): void {
    this.#silent(part, executor, running);
    this.#look(part);
  }

  #silent(part: Part, executor: number, running: AttemptName | undefined): void {
    if (part.rollCall?.waiting.delete(executor) !== true || running?.partition !== part.number) return;
    this.#take(part, executor, [running]);
  }

  #take(part: Part, executor: number, named: readonly NamedAttempt[]): void {
    let adopted = 0;
    part.host.transact((tx) => {
      adopted = takeNamed(part.tasks, tx, executor, named);
    });
    if (part.rollCall !== undefined) part.rollCall.adopted += adopted;
  }

  #look(part: Part): void {
    const { rollCall } = part;
    if (rollCall === undefined) return;
    const over = part.tasks.unnamed.size === 0 || (rollCall.met && rollCall.waiting.size === 0);
    if (over) this.#end(part, rollCall);
  }

  #end(part: Part, { adopted }: RollCall): void {
    part.rollCall = undefined;
    part.host.transact((tx) => loseUnnamed(part.tasks, tx, part.previousEnd));
    if (adopted > 0) this.#options.env.events.emit('partition.adopted', { partition: part.number, attempts: adopted });
    this.#changed();
  }
}
