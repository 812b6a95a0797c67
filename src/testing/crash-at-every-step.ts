/** `crashAtEveryStep`: whether a task gives the same wherever its node crashes. */
import { isDeepStrictEqual } from 'node:util';
import { catalogueOf } from '../app/catalogue-of-app.ts';
import { type InputArguments, isTask, type Task } from '../app/task.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { decodeError, decodeValue, encodeValue } from '../values/codec.ts';
import { type AppUnderTest, settingsOf, type WorldOptions } from './settings.ts';
import { isEnd } from './step-watch.ts';
import type { CrashPoint, RunFacts } from './thread-messages.ts';
import { worlds } from './worlds.ts';

/** How a run of the task ended. */
export type TaskOutcome<Output> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly error: Error };

export type CrashOptions<Output> = WorldOptions & {
  /**
   * Whether a run with a crash ended as it should. Default: equal results, or errors with equal code and message. To be given
   * where results hold what differs each time, such as the time at which a step ran.
   */
  readonly same?: (without: TaskOutcome<Output>, withCrash: TaskOutcome<Output>) => boolean;
};

export type CrashReport<Output> = {
  /** How it ended without a crash. */
  readonly outcome: TaskOutcome<Output>;
  /**
   * Its journaled steps and those of its children, as `task kind:name:count`, and where each of these tasks ends, as `task end`;
   * in the order of first report.
   */
  readonly steps: readonly string[];
  /** How many runs with a crash there were. */
  readonly crashes: number;
};

/** Where a crash made another result. */
export type CrashDifference = {
  readonly step: string;
  /** `before`: its code had run, but nothing was recorded. `after`: its result was recorded, and the task not told. */
  readonly when: 'before' | 'after';
  readonly expected: string;
  readonly got: string;
};

/**
 * Runs a task once without a crash, then twice for each of its journaled steps: its node crashes just before the step is
 * recorded, and just after; and once for its end, before that is recorded. The results must be the same. Each run begins anew, with modules loaded anew; what they keep in
 * variables stays when the node crashes, as the world outside does.
 *
 * ```ts
 * await crashAtEveryStep({ app, module: import.meta.resolve('./app.ts') }, app.charge, { id: 'a', cents: 500 });
 * ```
 *
 * Throws `CRASH_DIFFERS` with each step at which a crash makes a difference; `TASK_UNKNOWN`, and what `simulate` throws for
 * wrong options, apps and calls.
 */
export const crashAtEveryStep = async <Input, Output>(
  app: AppUnderTest,
  task: Task<Input, Output> | string,
  ...args: [...input: InputArguments<Input>, options?: CrashOptions<Output>]
): Promise<CrashReport<Output>> => {
  const [input, options = {}] = args as readonly unknown[] as readonly [unknown, CrashOptions<Output>?];
  const { same = isSame, ...rest } = options;
  const settings = settingsOf(app, rest, []);
  const name = nameOf(app, task);
  const text = encodeValue(input, 'input');
  const run = async (crash?: CrashPoint): Promise<{ outcome: TaskOutcome<Output>; facts: RunFacts }> => {
    const answer = await worlds.run({
      settings,
      subject: { kind: 'task', name, input: text, crash },
      scale: undefined,
    });
    if (answer.kind === 'refused') throw decodeError(answer.error);
    const outcome: TaskOutcome<Output> =
      answer.kind === 'result'
        ? { ok: true, value: decodeValue(answer.text) as Output }
        : { ok: false, error: decodeError(answer.error) };
    return { outcome, facts: answer.facts };
  };
  const { outcome, facts } = await run();
  const { steps } = facts;
  const differences: CrashDifference[] = [];
  let crashes = 0;
  for (const [number, step] of steps.entries())
    for (const when of isEnd(step) ? (['before'] as const) : (['before', 'after'] as const)) {
      crashes++;
      const crashed = await run({ step: number, when });
      if (!same(outcome, crashed.outcome))
        differences.push({ step, when, expected: shown(outcome), got: shown(crashed.outcome) });
    }
  if (differences.length > 0) throw differs(name, settings.seed, differences);
  return { outcome, steps, crashes };
};

const nameOf = ({ app }: AppUnderTest, task: unknown): string => {
  if (typeof task === 'string') return task;
  if (!isTask(task))
    throw new TuttiError('TASK_UNKNOWN', 'That is no task: pass a definition that the app exports, or its name.');
  const name = app === undefined ? task.name : catalogueOf(app).nameOf(task);
  if (name === undefined)
    throw new TuttiError(
      'TASK_UNKNOWN',
      app === undefined
        ? "The task's name is not known here: pass the app's namespace as well ({ app, module }), or the task's name."
        : 'The app does not export this task.',
    );
  return name;
};

const isSame = (a: TaskOutcome<unknown>, b: TaskOutcome<unknown>): boolean =>
  a.ok && b.ok
    ? isDeepStrictEqual(a.value, b.value)
    : !a.ok &&
      !b.ok &&
      Reflect.get(a.error, 'code') === Reflect.get(b.error, 'code') &&
      a.error.message === b.error.message;

const shownCharsMax = 500;

const shown = (outcome: TaskOutcome<unknown>): string =>
  (outcome.ok ? encodeValue(outcome.value) : String(outcome.error)).slice(0, shownCharsMax);

const linesMax = 10;

const differs = (name: string, seed: string, differences: readonly CrashDifference[]): TuttiError => {
  const lines = differences
    .slice(0, linesMax)
    .map(({ step, when, expected, got }) => `- ${when} ${step} was recorded: ${got} (without a crash: ${expected})`);
  const more = differences.length > linesMax ? [`and ${differences.length - linesMax} more`] : [];
  return new TuttiError(
    'CRASH_DIFFERS',
    [`${name} gives another result where its node crashes (seed ${seed}):`, ...lines, ...more].join('\n'),
    { details: { task: name, seed, differences } },
  );
};
