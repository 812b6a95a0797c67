/** An Env for tests: time passes only when told to, chance comes from a seed, and events are kept. */
import type { Env } from '../../platform/env.ts';
import { seededPick } from './faulty-files.fixture.ts';

export type ManualEnv = Env & {
  readonly emitted: { readonly name: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** Lets time pass and fires what is due, in order. */
  advance(ms: number): void;
};

export const manualEnv = (seed = 1): ManualEnv => {
  const pick = seededPick(seed);
  const emitted: ManualEnv['emitted'] = [];
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
  let now = 0;
  return {
    clock: { now: () => now, monotonic: () => now },
    timers: {
      after(delayMs, fire) {
        const timer = { at: now + delayMs, fire };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    random: {
      bytes: (count) => Uint8Array.from({ length: count }, () => pick(256)),
      fraction: () => pick(1_000_000) / 1_000_000,
    },
    events: { emit: (name, fields) => emitted.push({ name, fields }) },
    emitted,
    advance(ms) {
      now += ms;
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at > now || !timers.delete(timer)) continue;
        timer.fire();
      }
    },
  };
};
