/** One run of a scenario or a task in a world of its own, from its modules' import to its result. In the thread of worlds. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import { catalogueOf } from '../app/catalogue-of-app.ts';
import { worldBeganMs } from '../engine/simulated/place.ts';
import { type Life, Simulation } from '../engine/simulated/simulation.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { importUsers } from '../execution/executor/load-app.ts';
import { currentScope } from '../execution/executor/scope.ts';
import { AppClient } from '../node/app-client.ts';
import { decodeValue, encodeError, encodeValue } from '../values/codec.ts';
import { formatDuration } from '../values/duration.ts';
import { seededRandom } from '../values/hash.ts';
import { drawFaults } from './drawn-faults.ts';
import { freshAddress, withoutMarks } from './fresh-modules.ts';
import type { InLineExecutor } from './in-line-executors.ts';
import { StepWatch } from './step-watch.ts';
import type { FromWorldThread, RunFacts, RunSettings, RunSubject, ToWorldThread } from './thread-messages.ts';
import { UserWorld } from './user-world.ts';
import { enterWorld, real, type VirtualProcess } from './virtual-globals.ts';
import { type Scenario, worldOf } from './world.ts';

/** What the run needs of its thread. */
export type RunThread = {
  /** No other run of this thread has it. */
  readonly run: number;
  /** Modules that are being imported now, in a world: it waits for them. */
  readonly importing: string[];
  readonly tell: (message: FromWorldThread) => void;
};

const aliveEveryMs = 1_000;
const dayMs = 24 * 3_600_000;
/** Whose code runs: the driver's is known by it across everything that it waits for. */
const driving = new AsyncLocalStorage<Life>();

/** What drives a world: settles with the text of its result. */
type Drive = (world: UserWorld) => Promise<string>;

/** Modules are loaded between worlds: nothing is refused, time stands still, and no timer fires. */
const betweenWorlds = (seed: string): VirtualProcess => ({
  simulation: new Simulation(seed),
  now: () => worldBeganMs,
  random: seededRandom(`${seed}/modules`),
});

export const runInWorld = async (request: ToWorldThread, thread: RunThread): Promise<FromWorldThread> => {
  const { settings, subject } = request;
  enterWorld(betweenWorlds(settings.seed));
  try {
    const namespace = await importUsers(freshAddress(settings.app, thread.run));
    const app = catalogueOf(namespace);
    if (settings.fingerprint !== undefined && settings.fingerprint !== app.fingerprint)
      throw new TuttiError(
        'APP_MISMATCH',
        `The app that was passed and the module ${settings.app} do not have the same tasks: pass both of one and the same file.`,
      );
    return await runWith(app, await driveOf(subject, app, thread), request, thread);
  } catch (error) {
    return { kind: 'refused', error: errorText(error) };
  } finally {
    enterWorld(betweenWorlds('none'));
  }
};

/** The marks of fresh modules are nobody's business. */
const errorText = (error: unknown): string => withoutMarks(encodeError(error));

const runWith = async (
  app: AppCatalogue,
  drive: Drive,
  { settings, subject, scale }: ToWorldThread,
  thread: RunThread,
): Promise<FromWorldThread> => {
  const { seed } = settings;
  const watch = new StepWatch(subject.kind === 'task' ? subject.crash : undefined, () =>
    simulation.after(0, undefined, 'crash', () => world.crash('kill', 0)),
  );
  const faults = scale === undefined ? [] : drawFaults(seededRandom(`${seed}/faults`), settings.faults, scale);
  const world = new UserWorld({ ...settings, app, faults, watch });
  const { simulation, driver } = world;
  enterWorld({
    simulation,
    now: () => Math.floor(world.now(driving.getStore() ?? simulation.current)),
    random: simulation.random('globals'),
    owner: () => driving.getStore() ?? simulation.current,
    refuse: (call) => {
      const error = refused(call);
      simulation.fail(error);
      return error;
    },
    strayed: (error) => strayed(world, error),
  });
  const stop = catchStrays(world);
  let outcome:
    | Pick<Extract<FromWorldThread, { kind: 'result' }>, 'kind' | 'text'>
    | { kind: 'threw'; error: string }
    | undefined;
  const ended = (): boolean => outcome !== undefined;
  try {
    world.begin();
    simulation.after(0, driver, 'scenario', () =>
      driving.run(driver, () =>
        drive(world).then(
          (text) => {
            outcome = { kind: 'result', text };
          },
          (error: unknown) => {
            outcome = { kind: 'threw', error: errorText(error) };
          },
        ),
      ),
    );
    await runUntil(ended, world, settings, thread);
    // What the last event left behind.
    await simulation.run(simulation.nowMs, () => true);
    if (outcome === undefined) throw endless(world, settings);
    return { ...outcome, facts: factsOf(world, watch) };
  } finally {
    stop();
  }
};

/** Lets the world go on until `ended`, or until nothing more may come. */
const runUntil = async (
  ended: () => boolean,
  world: UserWorld,
  settings: RunSettings,
  thread: RunThread,
): Promise<void> => {
  const { simulation } = world;
  const { importing } = thread;
  let toldMs = real.monotonic();
  const pauses = (): boolean => {
    if (simulation.eventCount % 256 === 0 && real.monotonic() - toldMs > aliveEveryMs) {
      toldMs = real.monotonic();
      thread.tell({ kind: 'alive' });
    }
    return ended() || importing.length > 0 || simulation.eventCount >= settings.eventsMax;
  };
  importing.length = 0;
  for (;;) {
    await simulation.run(settings.timeLimitMs, pauses);
    if (importing.length === 0) return;
    // Code that imports something goes on when that is there, before anything else happens.
    for (const url of importing.splice(0)) await import(url).catch(() => undefined);
    await new Promise((resolve) => real.setImmediate(resolve));
    importing.length = 0;
  }
};

const factsOf = (world: UserWorld, watch: StepWatch): RunFacts => ({
  digest: world.simulation.digest,
  virtualMs: world.simulation.nowMs,
  events: world.simulation.eventCount,
  scale: world.scale,
  faults: Object.fromEntries(world.struck),
  steps: watch.steps,
});

const driveOf = async (subject: RunSubject, app: AppCatalogue, thread: RunThread): Promise<Drive> => {
  const names = [...app.definitions.keys()];
  switch (subject.kind) {
    case 'scenario': {
      const scenario = await loadScenario(subject, thread);
      return async (world) => {
        await world.untilLeading();
        const client = new AppClient(world.client, app, names);
        return encodeValue(await scenario(worldOf(world, client), decodeValue(subject.input)), 'result');
      };
    }
    case 'task': {
      const definition = app.definitions.get(subject.name);
      if (definition === undefined)
        throw new TuttiError('TASK_UNKNOWN', `The app has no task ${subject.name}. It has: ${names.join(', ')}.`, {
          details: { name: subject.name },
        });
      return async (world) => {
        await world.untilLeading();
        const client = new AppClient(world.client, app, names);
        return encodeValue(await client.run(definition, decodeValue(subject.input) as never), 'result');
      };
    }
    default:
      return subject satisfies never;
  }
};

const loadScenario = async (
  { module, name }: Extract<RunSubject, { kind: 'scenario' }>,
  { run }: RunThread,
): Promise<Scenario<unknown>> => {
  let namespace: object;
  try {
    namespace = await importUsers(freshAddress(module, run));
  } catch (cause) {
    const why = isTuttiError(cause) ? cause.message.replace('The app could not be loaded. ', '') : String(cause);
    throw new TuttiError('SCENARIO_INVALID', `The scenario's module could not be loaded. ${why}`, {
      details: { module, name },
      cause,
    });
  }
  const scenario: unknown = Reflect.get(namespace, name);
  if (typeof scenario === 'function') return scenario as Scenario<unknown>;
  const functions = Object.keys(namespace).filter((key) => typeof Reflect.get(namespace, key) === 'function');
  throw new TuttiError(
    'SCENARIO_INVALID',
    `${module} exports no function ${name}. Functions that it exports: ${functions.join(', ') || 'none'}.`,
    { details: { module, name, exported: functions } },
  );
};

/** The executor whose code runs. */
const runningExecutor = ({ node, simulation }: UserWorld): InLineExecutor | undefined =>
  node.executors?.of(driving.getStore() ?? simulation.current);

/** Something was thrown past everybody: it fails the task whose code it was, ends the thread of nobody's, or else the run. */
const strayed = (world: UserWorld, error: unknown): void => {
  const scope = currentScope();
  const executor = runningExecutor(world);
  if (executor === undefined) world.simulation.fail(error);
  else if (scope !== undefined) executor.core.strayed(scope.attempt, error);
  else world.node.executors?.lose(executor.number, { kind: 'crashed', what: String(error) });
};

/** Until the returned function is called, what is thrown past everybody and `process.exit` are the world's. */
const catchStrays = (world: UserWorld): (() => void) => {
  const caught = (error: unknown): void => strayed(world, error);
  const realExit = process.exit;
  process.exit = (code) => {
    const attempt = currentScope()?.attempt;
    const executor = runningExecutor(world);
    const error = new Error(`process.exit(${code ?? ''}) was called.`);
    if (executor === undefined) world.simulation.fail(error);
    else {
      const guilty = attempt && { partition: attempt.partition, epoch: attempt.epoch, n: attempt.n };
      world.node.executors?.lose(
        executor.number,
        { kind: 'crashed', what: `the thread ended with code ${code ?? 0}` },
        guilty,
      );
    }
    // Nothing that it still does counts.
    throw error;
  };
  process.on('unhandledRejection', caught);
  process.on('uncaughtException', caught);
  return () => {
    process.exit = realExit;
    process.off('unhandledRejection', caught);
    process.off('uncaughtException', caught);
  };
};

const refused = (call: string): TuttiError => {
  const attempt = currentScope()?.attempt;
  const who = attempt === undefined ? 'The scenario' : `The task ${attempt.name}`;
  return new TuttiError(
    'SIMULATION_REFUSED',
    `${who} called ${call}, which has no place in a simulated world: what it gives, or when, differs from run to run. Put something in its place that gives the same each time.`,
    { details: attempt === undefined ? { call } : { call, task: attempt.name, id: attempt.id } },
  );
};

const namesShown = 5;

const endless = (world: UserWorld, { timeLimitMs, eventsMax }: RunSettings): TuttiError => {
  const { nowMs, eventCount } = world.simulation;
  const unfinished = world.node.unfinished();
  const tasks =
    unfinished.length === 0
      ? 'no task is unfinished'
      : `unfinished: ${unfinished.slice(0, namesShown).join(', ')}${unfinished.length > namesShown ? ' …' : ''}`;
  return new TuttiError(
    'SIMULATION_ENDLESS',
    `It was not through after ${formatDuration(nowMs)} of virtual time and ${eventCount} events (${tasks}). What it waits for may never come in a simulated world; or it needs more than ${nowMs >= timeLimitMs ? `the timeLimit of ${Math.round(timeLimitMs / dayMs)} days` : `${eventsMax} events`}.`,
    { details: { virtualMs: nowMs, events: eventCount, unfinished: unfinished.slice(0, namesShown) } },
  );
};
