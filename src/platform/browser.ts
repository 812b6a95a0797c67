/**
 * What an Env has of whatever has the web's globals: browsers, Node.js, Deno, Bun. No module of any of them is imported.
 */

import type { Clock, Env, Random, Timers } from './env.ts';

/** Longer delays overflow in the runtime's timers and would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Calls `wake` when the network is back or the page is looked at again: then what was put off should be tried at once. Returns
 * what ends that. Nothing ever happens where there is no page.
 */
export const onWakeUp = (wake: () => void): (() => void) => {
  const page = globalThis as unknown as Page;
  const shown = (): void => {
    if (page.document?.visibilityState === 'visible') wake();
  };
  const ending = new AbortController();
  page.addEventListener?.('online', wake, ending);
  page.document?.addEventListener('visibilitychange', shown, ending);
  return () => ending.abort();
};

type Listen = (event: string, take: () => void, options: { readonly signal: AbortSignal }) => void;
type Page = {
  readonly addEventListener?: Listen;
  readonly document?: { readonly visibilityState: string; readonly addEventListener: Listen };
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

const random: Random = {
  // The system gives at most 65,536 at once: nobody here needs more than an id has.
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  fraction: () => Math.random(),
};

/** Timers keep a process alive until they fire or are cancelled. */
export const browserEnv: Pick<Env, 'clock' | 'timers' | 'random'> = { clock, timers, random };
