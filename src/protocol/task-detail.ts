/** All that can be seen of one task, in a bounded size: what the task's page shows. */
import type { TaskStatus } from './task-view.ts';

/** A value, or where its text is long, how long it is and how it begins. */
export type ShownValue =
  | { readonly value: unknown }
  | {
      /** Length of the value's text in JSON form. */
      readonly chars: number;
      /** What the text begins with. */
      readonly begin: string;
    };

export type TaskDetail = {
  /** The error of a task that failed or was cancelled is here. */
  readonly status: TaskStatus;
  readonly input: ShownValue;
  /** Of a completed one. */
  readonly result: ShownValue | undefined;
  /** The step of the parent that called or started it. */
  readonly parentStep: number | undefined;
  /** Tasks that its recorded steps called or started; the items of maps are not counted. Of the steps given here. */
  readonly children: number;
  /** In ascending order, the newest last: of those that failed the last `limits.attemptsShownMax` with their errors. */
  readonly attempts: readonly AttemptView[];
  /** From the index asked for on, in order of their first report, at most `limits.stepsShownMax`. */
  readonly steps: readonly StepView[];
  /** Index of the next step, where there are more. */
  readonly nextStep: number | undefined;
  /** What it waits for now; empty when it runs or has ended. At most `limits.waitsShownMax`. */
  readonly waitsFor: readonly WaitView[];
};

export type AttemptView = {
  /** From 1. */
  readonly n: number;
  /** Undefined where it is not known: attempts of before this was recorded. */
  readonly startedAt: Date | undefined;
  /** Undefined: it runs. */
  readonly endedAt: Date | undefined;
  /** Why it failed; undefined: it runs, or it is the one that completed. */
  readonly error: Error | undefined;
  /** Number of the executor that has it now. */
  readonly executor: number | undefined;
};

export const stepKindNames = ['run', 'sleep', 'call', 'start', 'join', 'map'] as const;
export type StepKindName = (typeof stepKindNames)[number];

export type StepView = {
  /** From 0, in order of first report. */
  readonly index: number;
  readonly kind: StepKindName;
  /** What the code calls it: the name given to `ctx.run`, the name of the task called, or that of the kind. */
  readonly name: string;
  readonly state: 'pending' | 'completed' | 'failed';
  /** When it was begun; undefined where that is not known. */
  readonly begunAt: Date | undefined;
  /** When its result was recorded. */
  readonly endedAt: Date | undefined;
  readonly result: ShownValue | undefined;
  readonly error: Error | undefined;
  /** Of a call, a start or a join: the other task, where it is known. */
  readonly child: string | undefined;
  /** Of a sleep. */
  readonly dueAt: Date | undefined;
  readonly map: MapView | undefined;
};

/** A map in numbers: its size does not depend on how many items it has. */
export type MapView = {
  readonly task: string;
  /** Items. */
  readonly count: number;
  /** Items whose results are there. */
  readonly done: number;
  /** Items handed out to executors and not done. */
  readonly running: number;
  /** Chunks made so far, and those of them that are done. */
  readonly chunks: number;
  readonly chunksDone: number;
  /**
   * The items in at most `limits.mapHeatCells` equal parts, in order: of each, how many are done and the milliseconds they took
   * in sum. Cell `i` of `c` holds the items from `floor(i * count / c)` on. Empty where nothing is known.
   */
  readonly heat: readonly (readonly [done: number, runMs: number])[];
};

export type WaitView =
  /** Its time has not come: it was started with a delay, or (`retry`) its last attempt failed. */
  | { readonly for: 'time'; readonly until: Date; readonly retry: boolean }
  /** A free executor. */
  | { readonly for: 'executor' }
  | { readonly for: 'sleep'; readonly step: number; readonly until: Date }
  /** The outcome of another task; its id where it is known. */
  | { readonly for: 'task'; readonly step: number; readonly id: string | undefined }
  | { readonly for: 'map'; readonly step: number };
