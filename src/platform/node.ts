/**
 * The Env of a real process: the system's clock, timers and randomness, all of which Node.js offers as browsers do.
 */
import { browserEnv } from './browser.ts';
import type { Env, EventSink, Random } from './env.ts';

/** Without a sink, events go nowhere. Timers keep a process alive until they fire or are cancelled. */
export const nodeEnv = (sink: EventSink = { emit: () => undefined }): Env => ({
  ...browserEnv,
  random: pooledRandom(),
  events: sink,
});

const randomPoolBytes = 4096;

/** Asks the system for randomness a few thousand bytes at a time: one call for each few bytes would cost more than their use. */
const pooledRandom = (): Random => {
  const pool = new Uint8Array(randomPoolBytes);
  let used = randomPoolBytes;
  return {
    bytes(count) {
      if (count > randomPoolBytes) return manyRandomBytes(count);
      if (used + count > randomPoolBytes) {
        crypto.getRandomValues(pool);
        used = 0;
      }
      used += count;
      return pool.slice(used - count, used);
    },
    fraction: () => Math.random(),
  };
};

/** The system gives at most 65,536 at once. */
const manyRandomBytes = (count: number): Uint8Array => {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
};
