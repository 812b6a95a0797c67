/** Which functions the executors of a world have: all, where nothing else is said. */
import type { FunctionSets } from './function-gaps.ts';
import { type Flat, grantKind, toExecutor } from './messages.ts';
import type { ScriptedExecutor } from './scripted-executor.fixture.ts';

const all = { has: () => true } as unknown as ReadonlySet<string>;

export class ExecutorNames {
  readonly #executors: readonly ScriptedExecutor[];
  readonly #names = new Map<ScriptedExecutor, ReadonlySet<string>>();
  #sets: FunctionSets = [];

  constructor(executors: readonly ScriptedExecutor[]) {
    this.#executors = executors;
  }

  set(executor: ScriptedExecutor, names: ReadonlySet<string> | undefined): void {
    if (names !== undefined) this.#names.set(executor, names);
  }

  of(executor: ScriptedExecutor | undefined): ReadonlySet<string> {
    return (executor === undefined ? undefined : this.#names.get(executor)) ?? all;
  }

  having(name: string | undefined): readonly ScriptedExecutor[] {
    return this.#executors.filter((executor) => name === undefined || this.of(executor).has(name));
  }

  /** Throws where an executor is granted what it does not have. */
  check(executor: ScriptedExecutor | undefined, flat: Flat): void {
    const name = flat[6] as string;
    if (
      executor !== undefined &&
      flat[0] === toExecutor.grant &&
      flat[5] !== grantKind.canary &&
      !this.of(executor).has(name)
    )
      throw new Error(`executor ${executor.number} was given ${name}, which it does not have`);
  }

  get sets(): FunctionSets {
    const now = [...new Set(this.#executors.map((executor) => this.of(executor)))];
    if (now.length !== this.#sets.length || now.some((set) => !this.#sets.includes(set))) this.#sets = now;
    return this.#sets;
  }
}
