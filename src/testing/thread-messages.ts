/** What the thread that runs simulated worlds and whoever asks for runs tell each other. */
import type { FaultKind, RunScale } from './drawn-faults.ts';

/** What every run needs to know. */
export type RunSettings = {
  readonly seed: string;
  /** Address of the app's module. */
  readonly app: string;
  /** The app as the asker has it; undefined: not known. */
  readonly fingerprint: string | undefined;
  readonly faults: readonly FaultKind[];
  readonly executors: number;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly retentionTasks: number;
  /** Virtual time after which a run has no end. */
  readonly timeLimitMs: number;
  /** The same for what happens in it. */
  readonly eventsMax: number;
};

/** Where a crash is to happen: at a journaled step, by its number in the order of first report. */
export type CrashPoint = { readonly step: number; readonly when: 'before' | 'after' };

/** What is run: a scenario, or one task. */
export type RunSubject =
  | { readonly kind: 'scenario'; readonly module: string; readonly name: string; readonly input: string }
  | { readonly kind: 'task'; readonly name: string; readonly input: string; readonly crash: CrashPoint | undefined };

export type ToWorldThread = {
  readonly settings: RunSettings;
  readonly subject: RunSubject;
  /** How much the same run is without faults; undefined: this is it. */
  readonly scale: RunScale | undefined;
};

export type RunFacts = {
  readonly digest: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly scale: RunScale;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  /** Of a task: its journaled steps, in the order of first report. */
  readonly steps: readonly string[];
};

export type FromWorldThread =
  /** It can be given runs. */
  | { readonly kind: 'ready' }
  /** Virtual time goes on. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'result'; readonly text: string; readonly facts: RunFacts }
  /** The scenario or the task threw; the world was sound. */
  | { readonly kind: 'threw'; readonly error: string; readonly facts: RunFacts }
  /** It could not be run, or not to its end. */
  | { readonly kind: 'refused'; readonly error: string };
