/** Durations, counted in fixed buckets: adding one is a few instructions, and what is kept does not grow. */

/** Upper bounds of the buckets in milliseconds, inclusive: 1/16 ms, doubled each time. One more bucket holds what is above. */
export const histogramBoundsMs: readonly number[] = Array.from({ length: 27 }, (_, index) => 2 ** (index - 4));

const unitsPerMs = 16;
const last = histogramBoundsMs.length;

export class DurationCounts {
  readonly counts: number[] = new Array<number>(last + 1).fill(0);
  sumMs = 0;

  add(ms: number): void {
    const units = Math.ceil(ms * unitsPerMs);
    const bucket = units <= 1 ? 0 : units > 2 ** 30 ? last : Math.min(last, 32 - Math.clz32(units - 1));
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sumMs += ms;
  }
}
