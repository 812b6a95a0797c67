/** Where code of a simulated world runs: in one life of a node, at one end of the network. */
import type { Env } from '../../platform/env.ts';
import type { Network } from './network.ts';
import type { Life, Simulation } from './simulation.ts';

export type Place = {
  readonly simulation: Simulation;
  readonly network: Network;
  readonly life: Life;
  /** The node's end of the network. */
  readonly end: string;
};

/** Milliseconds since 1970 at which every world begins. */
export const worldBeganMs = 1_760_000_000_000;

export type SkewedClock = { skewMs: number };

/** What code at a place takes from the world. Events that it emits go to `emitted` and into the digest. */
export const simulatedEnv = (
  { simulation, life }: Place,
  randomName: string,
  clock: SkewedClock,
  emitted: (name: string, fields: Readonly<Record<string, unknown>>) => void = () => {},
): Env => {
  const random = simulation.random(randomName);
  return {
    clock: {
      now: () => Math.floor(worldBeganMs + simulation.nowMs + clock.skewMs),
      monotonic: () => simulation.nowMs,
    },
    timers: { after: (delayMs, fire) => simulation.after(delayMs, life, 'timer', fire) },
    random,
    events: {
      emit: (name, fields) => {
        simulation.note(name, '');
        simulation.watcher?.happened(life.name, name, fields);
        emitted(name, fields);
      },
    },
  };
};
