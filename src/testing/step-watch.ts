/** Sees the journaled steps of a run, in the order in which they are first reported, and can strike at one of them. */
import { type Flat, fromExecutor, fromExecutorArity, toExecutor, toExecutorArity } from '../tasks/messages.ts';
import type { MessageWatch } from './in-line-executors.ts';
import type { CrashPoint } from './thread-messages.ts';

/** Reports of steps; in each the step's key is the field after what names the attempt. */
const stepOps: ReadonlySet<unknown> = new Set([
  fromExecutor.stepRun,
  fromExecutor.stepSleep,
  fromExecutor.stepCall,
  fromExecutor.stepStart,
  fromExecutor.stepJoin,
  fromExecutor.mapOpen,
]);

/** Reports that end an attempt. */
const endOps: ReadonlySet<unknown> = new Set([fromExecutor.done, fromExecutor.failed]);
/** Stands for the key of a step where a task ends. */
const endKey = 'end';

type Arities = Readonly<Record<number, number>>;

const opsOf = (flat: Flat, arities: Arities): unknown[] => {
  const ops: unknown[] = [];
  for (let at = 0; at < flat.length; at += 1 + (arities[flat[at] as number] as number)) ops.push(flat[at]);
  return ops;
};

/** Whether an executor reports a step, or that a task is through. */
export const reportsSteps = (flat: Flat): boolean =>
  opsOf(flat, fromExecutorArity).some((op) => stepOps.has(op) || endOps.has(op));

/** Whether an executor is told the result of a step. */
export const tellsSteps = (flat: Flat): boolean => opsOf(flat, toExecutorArity).includes(toExecutor.stepResult);

/** Whether what `steps` names is the end of a task: nothing comes after it. */
export const isEnd = (step: string): boolean => step.endsWith(` ${endKey}`);

export class StepWatch implements MessageWatch {
  /** Of each step the task it belongs to and its key; of each task its end. */
  readonly steps: string[] = [];
  readonly #point: CrashPoint | undefined;
  readonly #strike: () => void;
  /** Tasks by the names of their attempts. */
  readonly #tasks = new Map<string, { readonly id: string; readonly name: string }>();
  readonly #numbers = new Map<string, number>();
  #struck = false;

  /** `strike` is called once, when the run is where `point` says. */
  constructor(point: CrashPoint | undefined, strike: () => void) {
    this.#point = point;
    this.#strike = strike;
  }

  /** False: the report gets lost, because the node ends before it is heard. */
  reported = (flat: Flat): boolean => {
    for (let at = 0; at < flat.length; at += 1 + fromExecutorArity[flat[at] as keyof typeof fromExecutorArity]) {
      const isEnd = endOps.has(flat[at]);
      if (!isEnd && !stepOps.has(flat[at])) continue;
      const { number, isNew } = this.#step(flat, at, isEnd ? endKey : (flat[at + 4] as string));
      if (isNew && this.#isAt(number, 'before')) return false;
    }
    return true;
  };

  told = (flat: Flat): void => {
    for (let at = 0; at < flat.length; at += 1 + toExecutorArity[flat[at] as keyof typeof toExecutorArity]) {
      if (flat[at] === toExecutor.grant)
        this.#tasks.set(attemptAt(flat, at), { id: flat[at + 4] as string, name: flat[at + 6] as string });
      else if (
        flat[at] === toExecutor.stepResult &&
        this.#isAt(this.#step(flat, at, flat[at + 4] as string).number, 'after')
      )
        return;
    }
  };

  #step(flat: Flat, at: number, key: string): { readonly number: number; readonly isNew: boolean } {
    const { id, name } = this.#tasks.get(attemptAt(flat, at)) ?? { id: '', name: '' };
    const known = this.#numbers.get(`${id} ${key}`);
    if (known !== undefined) return { number: known, isNew: false };
    const number = this.steps.push(`${name} ${key}`) - 1;
    this.#numbers.set(`${id} ${key}`, number);
    return { number, isNew: true };
  }

  #isAt(step: number, when: CrashPoint['when']): boolean {
    if (this.#struck || this.#point?.step !== step || this.#point.when !== when) return false;
    this.#struck = true;
    this.#strike();
    return true;
  }
}

const attemptAt = (flat: Flat, at: number): string => `${flat[at + 1]} ${flat[at + 2]} ${flat[at + 3]}`;
