/**
 * How much work each partition makes that a node leads: changes of its tasks a second, smoothed over some seconds, in whole numbers.
 * Of one that is led only for a short while nothing is said, or it would look idle whenever it has moved.
 */
import type { Loads } from './heartbeat.ts';

type Measured = { changes: number; load: number; samples: number };

/** What one sample weighs: a smoothed value follows within as many. */
const smoothing = 8;
const samplesMin = 10;

export class LoadMeter {
  readonly #partitions = new Map<number, Measured>();

  /** `changes`: of each partition that is led, how many there have been since it is; `elapsedMs`: since the sample before. */
  sample(changes: readonly (readonly [partition: number, changes: number])[], elapsedMs: number): void {
    const led = new Set(changes.map(([partition]) => partition));
    for (const partition of this.#partitions.keys()) if (!led.has(partition)) this.#partitions.delete(partition);
    for (const [partition, count] of changes) {
      const known = this.#partitions.get(partition);
      // Another leadership counts from the beginning.
      if (known === undefined || count < known.changes) {
        this.#partitions.set(partition, { changes: count, load: 0, samples: 0 });
        continue;
      }
      const rate = Math.round(((count - known.changes) * 1_000) / Math.max(1, elapsedMs));
      known.load = known.samples === 0 ? rate : Math.round(((smoothing - 1) * known.load + rate) / smoothing);
      known.changes = count;
      known.samples++;
    }
  }

  get loads(): Loads {
    return [...this.#partitions].flatMap(([partition, { load, samples }]) =>
      samples < samplesMin ? [] : [[partition, load] as const],
    );
  }
}
