/** What user code saw, over all attempts and nodes: looked at from outside of everything that is simulated. */
import type { Life } from '../../../src/engine/simulated/simulation.ts';

export class Witness {
  /** The first value that any attempt was given for a step of a task. */
  readonly #steps = new Map<string, unknown>();
  /** Counts the executions of functions of steps, so that each gives another value. */
  #executions = 0;
  onContradiction: (what: string) => void = () => {};
  /** Two attempts of one task work at the same time, both on executors that live. */
  onTwice: (what: string) => void = () => {};
  /** What an executor that lives has done is done again. */
  onAgain: (what: string) => void = () => {};
  /** Ends the process whose code runs now. */
  poison: () => void = () => {};
  /** Whose code runs now. */
  currentLife: () => Life | undefined = () => undefined;
  readonly #working = new Map<string, Life | undefined>();
  /** Who has run the function of a task to its end. */
  readonly #done = new Map<string, Life | undefined>();

  /** A value that no other execution gives. */
  fresh(): number {
    return ++this.#executions;
  }

  /** The function of a step begins; what is returned is to be called when it is through. */
  works(task: string): () => void {
    const life = this.currentLife();
    const before = this.#working.get(task);
    if (before?.alive === true) this.onTwice(`task ${task} is run by ${life?.name} while ${before.name} still runs it`);
    this.#working.set(task, life);
    const done = this.#done.get(task);
    if (done?.alive === true) this.onAgain(`task ${task} is run by ${life?.name} though ${done.name} has run it`);
    return () => {
      this.#done.set(task, life);
      if (this.#working.get(task) === life) this.#working.delete(task);
    };
  }

  /** An attempt was given `value` for a step. */
  saw(task: string, step: string, value: unknown): void {
    const name = `${task} ${step}`;
    const before = this.#steps.get(name);
    if (before === undefined) this.#steps.set(name, value);
    else if (before !== value)
      this.onContradiction(
        `task ${task}, step ${step}: one attempt was given ${String(before)}, another ${String(value)}`,
      );
  }
}

/** The witness of the world that runs. */
export const current = { witness: new Witness() };
