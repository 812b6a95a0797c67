/** What a scenario sees of its world. */
import type { Client } from '../node/app-client.ts';
import { type Duration, durationMs } from '../values/duration.ts';
import type { UserWorld } from './user-world.ts';

/** The simulated world, as a scenario is given it. */
export interface World {
  /**
   * The client of the app, as `open` gives it. It outlives the node: what was asked while the node was down, or not answered
   * when it ended, is answered by its next life.
   */
  readonly client: Client;
  readonly seed: string;
  /** Lets virtual time pass: a month takes no longer than a second. */
  sleep(time: Duration): Promise<void>;
  /**
   * Ends the node's process, as `kill -9` does, and starts it again after `downFor` (default: at once). With `power` the
   * machine loses power: what its disk has not synced is gone. Settles when the node is there again.
   */
  crash(options?: { readonly power?: boolean; readonly downFor?: Duration }): Promise<void>;
  /** Ends one executor thread, as a crash would; what it ran is run again. */
  killExecutor(): Promise<void>;
}

/** A scenario: it drives a world, and its result is that of the run. */
export type Scenario<Input = undefined, Result = unknown> = (world: World, input: Input) => Result | Promise<Result>;

export const worldOf = (world: UserWorld, client: Client): World => {
  const { simulation, driver } = world;
  return {
    client,
    seed: simulation.seed,
    sleep: async (time) => {
      const ms = durationMs(time, 'sleep');
      await new Promise<void>((resolve) => simulation.after(ms, driver, 'sleep', resolve));
    },
    crash: async ({ power = false, downFor = 0 } = {}) => {
      world.crash(power ? 'power' : 'kill', durationMs(downFor, 'downFor'));
      await world.untilLeading();
    },
    killExecutor: async () => {
      await world.untilLeading();
      world.endExecutor(0);
    },
  };
};
