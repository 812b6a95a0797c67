/**
 * What a new leader of a partition waits for before it takes over the tasks: what every executor that may run some of them
 * says it runs (DESIGN section 5, scenario T2). One that is gone is not waited for, nor is one that does not answer in time:
 * what it held is then no more its own, and it is told so when it answers.
 *
 * - H3: it asks when all executors are known that may run something (`met`), however it came to lead. By then it may lead no more.
 * - H4: once every attempt that was noted is named, nobody is waited for: what the others run is nothing that is to be adopted, and they are
 *   told so when they answer.
 */
import { limits } from '../../limits.ts';
import { answeredLate, attemptsNoted, nameOf, type Running } from '../../tasks/claim.ts';
import { appendFlat, type Flat, toExecutor } from '../../tasks/messages.ts';
import type { AttemptName } from '../executor/control.ts';
import type { Executor } from './executor-table.ts';
import type { Part } from './part.ts';
import type { StateHostOptions } from './state-host-options.ts';

export type Reports = { readonly executor: number; readonly flat: Flat };

export class RollCall {
  /** Undefined: nobody was asked yet. */
  #waiting: Set<number> | undefined;
  /** Attempts that were noted and that nobody has named (H4). */
  readonly #unnamed: Set<string>;
  readonly running: Running[] = [];
  /** What those who have answered had reported to leaders before, once more. */
  readonly again: Reports[] = [];
  /** What they report until it is over: it counts then. */
  readonly held: Reports[] = [];

  constructor(noted: Set<string>) {
    this.#unnamed = noted;
  }

  asks(executors: Iterable<number>): void {
    this.#waiting = new Set(executors);
  }

  /** One reports: kept, if it has answered. */
  hold(executor: number, flat: Flat): void {
    if (this.#waiting?.has(executor) === false) this.held.push({ executor, flat });
  }

  /** Everybody has answered, or nothing is left to be named. */
  get over(): boolean {
    return this.#waiting?.size === 0 || this.#unnamed.size === 0;
  }

  /** `attempts`: epoch and n of each, as in `runs`; `reports` too. */
  answered(executor: number, attempts: Flat, reports: Flat): void {
    if (this.#waiting?.delete(executor) === true) this.#named(namesOf(executor, attempts));
    this.again.push({ executor, flat: reports });
  }

  #named(running: readonly Running[]): void {
    for (const attempt of running) this.#unnamed.delete(nameOf(attempt));
    this.running.push(...running);
  }

  /** Its attempts are over with it. */
  gone(executor: number): void {
    this.#waiting?.delete(executor);
    for (const those of [this.running, this.again] as { readonly executor: number }[][])
      for (let at = those.length - 1; at >= 0; at--) if (those[at]?.executor === executor) those.splice(at, 1);
  }

  /** It keeps computing, so that it cannot answer; `running` is what it computes. */
  silent(executor: number, running: Omit<Running, 'executor'> | undefined): void {
    if (this.#waiting?.delete(executor) === true && running !== undefined)
      this.#named([{ epoch: running.epoch, n: running.n, executor }]);
  }
}

/** The attempts that a `runs` message names. */
const namesOf = (executor: number, attempts: Flat): Running[] => {
  const running: Running[] = [];
  for (let at = 0; at < attempts.length; at += 2)
    running.push({ epoch: attempts[at] as number, n: attempts[at + 1] as number, executor });
  return running;
};

/** Holds the roll calls of a thread's partitions. */
export class RollCalls {
  readonly #executors: ReadonlyMap<number, Executor>;
  readonly #options: Pick<StateHostOptions, 'env' | 'met'>;
  readonly #over: (part: Part, rollCall: RollCall) => void;
  readonly #late: (part: Part, again: Reports) => void;
  readonly #asked: () => void;

  /**
   * `over` is called once for each call that has ended, `late` with what one tells again that answers after that, `asked` when there is
   * something to send.
   */
  constructor(
    executors: ReadonlyMap<number, Executor>,
    options: Pick<StateHostOptions, 'env' | 'met'>,
    over: (part: Part, rollCall: RollCall) => void,
    late: (part: Part, again: Reports) => void,
    asked: () => void,
  ) {
    this.#executors = executors;
    this.#options = options;
    this.#over = over;
    this.#late = late;
    this.#asked = asked;
  }

  /** A part has become leader. */
  begin(part: Part): void {
    const rollCall = new RollCall(attemptsNoted(part.host.core));
    part.rollCall = rollCall;
    const { met } = this.#options;
    if (met === undefined || rollCall.over) this.#askAll(part, rollCall);
    else
      void met().then(() => {
        if (part.rollCall === rollCall) this.#askAll(part, rollCall);
      });
  }

  #askAll(part: Part, rollCall: RollCall): void {
    rollCall.asks(this.#executors.keys());
    for (const executor of this.#executors.keys()) this.ask(part, executor);
    this.#asked();
    this.#look(part);
    if (part.rollCall === rollCall)
      this.#options.env.timers.after(limits.rollCallMs, () => {
        if (part.rollCall !== rollCall) return;
        // Who still keeps silent runs at least what keeps it silent.
        for (const [executor, { silent, running }] of this.#executors)
          if (silent && running?.partition === part.number) rollCall.silent(executor, running);
        this.#end(part, rollCall);
      });
  }

  ask(part: Part, executor: number): void {
    const out = this.#executors.get(executor)?.out;
    if (out === undefined) return;
    part.unanswered.add(executor);
    appendFlat(out, [toExecutor.rollCall, part.number, part.host.core.epoch]);
  }

  /** Takes a `runs` message, beginning at `at`. */
  answered(part: Part, executor: number, flat: Flat, at: number): void {
    if (flat[at + 2] !== part.host.core.epoch) return;
    part.unanswered.delete(executor);
    const [attempts, reports] = flat.slice(at + 3) as [Flat, Flat];
    if (part.leading) {
      part.host.transact((tx) => answeredLate(part.tasks, tx, executor, namesOf(executor, attempts)));
      this.#late(part, { executor, flat: reports });
    }
    part.rollCall?.answered(executor, attempts, reports);
    this.#look(part);
  }

  gone(part: Part, executor: number): void {
    part.unanswered.delete(executor);
    part.rollCall?.gone(executor);
    this.#look(part);
  }

  silent(part: Part, executor: number, running: AttemptName | undefined): void {
    part.rollCall?.silent(executor, running?.partition === part.number ? running : undefined);
    this.#look(part);
  }

  #look(part: Part): void {
    if (part.rollCall?.over === true) this.#end(part, part.rollCall);
  }

  #end(part: Part, rollCall: RollCall): void {
    part.rollCall = undefined;
    this.#over(part, rollCall);
  }
}
