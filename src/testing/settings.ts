/** What `simulate` and `crashAtEveryStep` take, checked and completed. */
import { catalogueOf } from '../app/catalogue-of-app.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { count, invalidOption } from '../node/option-checks.ts';
import { moduleAddress } from '../node/options.ts';
import { type Duration, durationMs } from '../values/duration.ts';
import { type FaultKind, faultKinds } from './drawn-faults.ts';
import type { RunSettings } from './thread-messages.ts';

/** The app under test, as `open` takes it. */
export type AppUnderTest = {
  /** The app's address: `import.meta.resolve('./app.ts')`. */
  readonly module: string | URL;
  /** The app's namespace, where you have it: `import * as app from './app.ts'`. */
  readonly app?: object;
};

/** What both take. */
export type WorldOptions = {
  /** What chance is drawn from: the same seed gives the same run. Default: 1. */
  readonly seed?: number | string;
  /** Threads that run tasks. Default: 2. */
  readonly executors?: number;
  /** Default: 1. */
  readonly partitions?: number;
  /** How long finished tasks are kept, and how many at most. Default: 7 days, 100,000. */
  readonly retention?: { readonly time?: Duration; readonly tasks?: number };
  /** How much virtual time may pass until it is through. Default: ten years. */
  readonly timeLimit?: Duration;
};

export type SimulateOptions = WorldOptions & {
  /** What goes wrong, and when, is drawn from the seed: `true` for faults of all kinds, or those to draw from. Default: none. */
  readonly faults?: boolean | readonly FaultKind[];
};

const worldOptions = ['seed', 'executors', 'partitions', 'retention', 'timeLimit'] as const;

/** Throws `OPTION_INVALID`, `DURATION_INVALID` and `APP_INVALID`. `more`: options that the caller takes besides. */
export const settingsOf = (
  { module, app }: AppUnderTest,
  options: SimulateOptions,
  more: readonly string[],
): RunSettings => {
  const allowed: readonly string[] = [...worldOptions, ...more];
  for (const name of Object.keys(options))
    if (!allowed.includes(name))
      throw invalidOption(name, undefined, `there is no such option; there are ${allowed.join(', ')}`);
  const { retention = {}, timeLimit } = options;
  return {
    seed: seedOf(options.seed),
    app: moduleAddress(module),
    fingerprint: app === undefined ? undefined : catalogueOf(app).fingerprint,
    faults: faultsOf(options.faults),
    executors: count(options.executors, 'executors', 64) ?? 2,
    partitions: count(options.partitions, 'partitions', limits.partitionsMax) ?? 1,
    retentionMs: retention.time === undefined ? limits.retentionMs : durationMs(retention.time, 'retention.time'),
    retentionTasks: count(retention.tasks, 'retention.tasks', 1_000_000_000) ?? limits.retentionTasksMax,
    timeLimitMs: timeLimit === undefined ? limits.simulationVirtualMsMax : durationMs(timeLimit, 'timeLimit'),
    eventsMax: limits.simulationEventsMax,
  };
};

const seedOf = (seed: unknown): string => {
  if (seed === undefined) return '1';
  if (typeof seed === 'number' && Number.isSafeInteger(seed) && seed >= 0) return `${seed}`;
  if (typeof seed === 'string' && seed !== '' && seed.length <= limits.nameCharsMax) return seed;
  throw invalidOption('seed', seed, `it is a whole number from 0, or text of up to ${limits.nameCharsMax} characters`);
};

const faultsOf = (faults: unknown): readonly FaultKind[] => {
  if (faults === undefined || faults === false) return [];
  if (faults === true) return faultKinds;
  if (!Array.isArray(faults)) throw invalidOption('faults', faults, `it is true, false, or a list of ${kindsText}`);
  for (const kind of faults as unknown[])
    if (!(faultKinds as readonly unknown[]).includes(kind))
      throw invalidOption('faults', kind, `the kinds of fault are ${kindsText}`);
  return faultKinds.filter((kind) => faults.includes(kind));
};

const kindsText = faultKinds.join(', ');

/** What was thrown, if it says by itself what was wrong with the call; the run has told nothing then. */
export const isRefusal = (error: unknown): error is TuttiError =>
  error instanceof TuttiError && error.outcome === 'rejected';
