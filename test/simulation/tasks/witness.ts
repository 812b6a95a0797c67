/** What user code saw, over all attempts and nodes: looked at from outside of everything that is simulated. */
export class Witness {
  /** The first value that any attempt was given for a step of a task. */
  readonly #steps = new Map<string, unknown>();
  /** Counts the executions of functions of steps, so that each gives another value. */
  #executions = 0;
  onContradiction: (what: string) => void = () => {};

  /** A value that no other execution gives. */
  fresh(): number {
    return ++this.#executions;
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
