/** `simulate`: runs a user's app and a scenario in a simulated world. */
import { TuttiError } from '../errors/tutti-error.ts';
import { moduleAddress } from '../node/options.ts';
import { decodeError, decodeValue, encodeValue } from '../values/codec.ts';
import { type FaultKind, faultKinds } from './drawn-faults.ts';
import { type AppUnderTest, isRefusal, type SimulateOptions, settingsOf } from './settings.ts';
import type { RunFacts, ToWorldThread } from './thread-messages.ts';
import { type RunAnswer, worlds } from './worlds.ts';

/** Where a scenario is found. A function cannot go to another thread, so it is named. */
export type ScenarioAddress = {
  /** Its module's address: `import.meta.resolve('./scenarios.ts')`. Not the module of the test itself, which would run again. */
  readonly module: string | URL;
  /** The name under which its module exports it. */
  readonly name: string;
  /** Given to it: any value that a task can take. */
  readonly input?: unknown;
};

export type SimulatedRun<Result> = {
  /** What the scenario gave. */
  readonly result: Result;
  readonly seed: string;
  /** The same exactly for runs that were the same, event for event. */
  readonly digest: string;
  /** How much virtual time passed, in milliseconds. */
  readonly virtualMs: number;
  /** How many things happened: messages, timers, commits. */
  readonly events: number;
  /** How often a fault of each kind struck. */
  readonly faults: Readonly<Record<FaultKind, number>>;
};

/**
 * Runs an app and a scenario in a simulated world: on the state machines that ship, in memory, under virtual time, in a thread of
 * its own that serves one run after the other. The same seed gives the same run. Modules are loaded anew for each run; what they
 * keep in variables stays when the simulated node crashes, as the world outside does.
 *
 * ```ts
 * const { result, virtualMs } = await simulate(
 *   { module: import.meta.resolve('./app.ts') },
 *   { module: import.meta.resolve('./scenarios.ts'), name: 'reminds' },
 *   { seed: 7, faults: true },
 * );
 * ```
 *
 * Throws `SIMULATION_FAILED` with what the scenario threw as `cause` and the seed in its message; `SCENARIO_INVALID`,
 * `SIMULATION_REFUSED`, `SIMULATION_ENDLESS`, `APP_LOAD`, `APP_INVALID`, `APP_MISMATCH`, `OPTION_INVALID`, `DURATION_INVALID`,
 * `VALUE_UNSUPPORTED`.
 */
export const simulate = async <Result = unknown>(
  app: AppUnderTest,
  scenario: ScenarioAddress,
  options: SimulateOptions = {},
): Promise<SimulatedRun<Result>> => {
  const settings = settingsOf(app, options, ['faults']);
  const { name } = scenario;
  const module = moduleAddress(scenario.module);
  if (typeof name !== 'string' || name === '')
    throw new TuttiError('SCENARIO_INVALID', 'A scenario needs the name under which its module exports it.', {
      details: { module },
    });
  const input = encodeValue(scenario.input, 'input');
  const subject = { kind: 'scenario', module, name, input } as const;
  const calm = await run({ settings: { ...settings, faults: [] }, subject, scale: undefined });
  const { text, facts } =
    settings.faults.length === 0 ? calm : await run({ settings, subject, scale: calm.facts.scale });
  return { result: decodeValue(text) as Result, seed: settings.seed, ...sharedFacts(facts) };
};

/** Throws what `simulate` throws. */
const run = async (request: ToWorldThread): Promise<Extract<RunAnswer, { kind: 'result' }>> => {
  const answer = await worlds.run(request).catch((error: unknown) => {
    throw told(error, request);
  });
  switch (answer.kind) {
    case 'result':
      return answer;
    case 'threw':
      throw failed(decodeError(answer.error), request, sharedFacts(answer.facts));
    case 'refused':
      throw told(decodeError(answer.error), request);
    default:
      return answer satisfies never;
  }
};

const sharedFacts = ({
  digest,
  virtualMs,
  events,
  faults,
}: RunFacts): Omit<SimulatedRun<never>, 'result' | 'seed'> => ({
  digest,
  virtualMs,
  events,
  faults: Object.fromEntries(faultKinds.map((kind) => [kind, faults[kind] ?? 0])) as Record<FaultKind, number>,
});

/** What says by itself what was wrong is told as it is. */
const told = (error: unknown, request: ToWorldThread): unknown =>
  isRefusal(error) ? error : failed(error as Error, request, {});

const failed = (cause: Error, { settings, subject }: ToWorldThread, facts: object): TuttiError => {
  const { seed, faults } = settings;
  const shown = faults.length === faultKinds.length ? true : faults;
  const again = `{ seed: ${JSON.stringify(/^\d+$/.test(seed) ? Number(seed) : seed)}${faults.length === 0 ? '' : `, faults: ${JSON.stringify(shown)}`} }`;
  const error = new TuttiError(
    'SIMULATION_FAILED',
    `The scenario ${subject.name} failed with seed ${seed}: ${cause.message}\nThe same run again: simulate(…, …, ${again}).`,
    { details: { seed, faults, ...facts }, cause },
  );
  error.stack = `${error.name}: ${error.message}\n${cause.stack ?? ''}`;
  return error;
};
