/** By how much this thread's event loop is late: what its timers wait for the code that runs. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { LoopDelay } from '../protocol/overview.ts';

export const noLoopDelay: LoopDelay = { p50Ms: 0, p99Ms: 0, maxMs: 0 };

const resolutionMs = 100;
const windowMs = 30_000;

export class LoopDelayMeter {
  /** Samples how long a timer of `resolutionMs` takes; nothing waits for it, and it keeps no thread alive. */
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  #before = noLoopDelay;
  #since = performance.now();

  constructor() {
    this.#histogram.enable();
  }

  read(): LoopDelay {
    const now = this.#window();
    const read = {
      p50Ms: now.p50Ms,
      p99Ms: Math.max(now.p99Ms, this.#before.p99Ms),
      maxMs: Math.max(now.maxMs, this.#before.maxMs),
    };
    if (performance.now() - this.#since >= windowMs) {
      this.#before = now;
      this.#since = performance.now();
      this.#histogram.reset();
    }
    return read;
  }

  #window(): LoopDelay {
    const { count } = this.#histogram;
    if (count === 0) return { ...this.#before, p99Ms: 0, maxMs: 0 };
    return {
      p50Ms: lateMs(this.#histogram.percentile(50)),
      p99Ms: lateMs(this.#histogram.percentile(99)),
      maxMs: lateMs(this.#histogram.max),
    };
  }
}

const lateMs = (nanoseconds: number): number => Math.max(0, Math.round(nanoseconds / 1e4) / 100 - resolutionMs);
