/** One run of a scenario or a task in a world of its own, from its modules' import to its result. In the thread of worlds. */
import { type AppCatalogue, catalogueOf } from '../app/catalogue-of-app.ts';
import { worldBeganMs } from '../engine/simulated/place.ts';
import { Simulation } from '../engine/simulated/simulation.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { importUsers } from '../execution/executor/load-app.ts';
import { encodeError } from '../values/codec.ts';
import { seededRandom } from '../values/hash.ts';
import { drawFaults } from './drawn-faults.ts';
import { freshAddress, withoutMarks } from './fresh-modules.ts';
import { endless, refused } from './run-errors.ts';
import { StepWatch } from './step-watch.ts';
import { catchStrays, strayed } from './strays.ts';
import { type Drive, driveOf } from './subject.ts';
import type { FromWorldThread, RunFacts, RunSettings, ToWorldThread } from './thread-messages.ts';
import { UserWorld } from './user-world.ts';
import { enterWorld, real, type VirtualProcess } from './virtual-globals.ts';

/** What the run needs of its thread. */
export type RunThread = {
  /** No other run of this thread has it. */
  readonly run: number;
  /** Modules that are being imported now, in a world: it waits for them. */
  readonly importing: string[];
  readonly tell: (message: FromWorldThread) => void;
};

const aliveEveryMs = 1_000;
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
    return await runWith(app, await driveOf(subject, app, thread.run), request, thread);
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
    now: () => Math.floor(world.now()),
    random: simulation.random('globals'),
    owner: () => world.owner,
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
      world.drive(() =>
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
