/**
 * The Env of whatever has the web's globals: browsers, Node.js, Deno, Bun. No module of any of them is imported.
 */

import type { Clock, Env, EventSink, Random, Timers } from './env.ts';

/** Longer delays overflow in the runtime's timers and would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

const randomPoolBytes = 4096;

/** Without a sink, events go nowhere. Timers keep a process alive until they fire or are cancelled. */
export const browserEnv = (sink: EventSink = { emit: () => undefined }): Env => ({
  clock,
  timers,
  random: pooledRandom(),
  events: sink,
});

/**
 * Calls `wake` when the network is back or the page is looked at again: then what was put off should be tried at once. Returns
 * what ends that. Nothing ever happens where there is no page.
 */
export const onWakeUp = (wake: () => void): (() => void) => {
  const page = globalThis as unknown as Page;
  const shown = (): void => {
    if (page.document?.visibilityState === 'visible') wake();
  };
  page.addEventListener?.('online', wake);
  page.document?.addEventListener('visibilitychange', shown);
  return () => {
    page.removeEventListener?.('online', wake);
    page.document?.removeEventListener('visibilitychange', shown);
  };
};

type Listen = (event: string, take: () => void) => void;
type Page = {
  readonly addEventListener?: Listen;
  readonly removeEventListener?: Listen;
  readonly document?: {
    readonly visibilityState: string;
    readonly addEventListener: Listen;
    readonly removeEventListener: Listen;
  };
};

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

const timers: Timers = {
  after(delayMs, fire) {
    let left = delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const stretch = Math.min(left, longestTimerMs);
      left -= stretch;
      timer = setTimeout(left > 0 ? arm : fire, stretch);
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** Asks the system for randomness a few thousand bytes at a time: one call for each few bytes would cost more than their use. */
const pooledRandom = (): Random => {
  const pool = new Uint8Array(randomPoolBytes);
  let used = randomPoolBytes;
  return {
    bytes(count) {
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; at++) {
        if (used === randomPoolBytes) {
          crypto.getRandomValues(pool);
          used = 0;
        }
        bytes[at] = pool[used++] as number;
      }
      return bytes;
    },
    fraction: () => Math.random(),
  };
};
