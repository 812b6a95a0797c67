/** Clocks and figures. */

export type Span<Value> = { readonly value: Value; readonly seconds: number; readonly cpuSeconds: number };

/** What `work` gave, how long it took, and the CPU time of the whole process meanwhile. */
export const span = async <Value>(work: () => Promise<Value>): Promise<Span<Value>> => {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const value = await work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { value, seconds, cpuSeconds: (user + system) / 1e6 };
};

/** The times of a span, as a run's result has them. */
export const timesOf = ({ seconds, cpuSeconds }: Span<unknown>): Omit<Span<unknown>, 'value'> => ({
  seconds,
  cpuSeconds,
});

/** Value at `share` (0 to 1) of the sorted values, by nearest rank; NaN of none. */
export const percentile = (values: Float64Array, share: number): number => {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] as number;
};

/** The item whose figure is in the middle; of an even number the lower of the two. */
export const medianBy = <Item>(items: readonly Item[], figure: (item: Item) => number): Item => {
  const sorted = items.toSorted((a, b) => figure(a) - figure(b));
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('There is no median of nothing.');
  return middle;
};

/** To so many digits that say something: 4. */
export const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(4)) : value);

/**
 * Does `one` for 0 to n - 1, `outstanding` at once, each of them a loop that begins the next when the last is through.
 * Gives the milliseconds of each.
 */
export const loopsOf = async (
  n: number,
  outstanding: number,
  one: (index: number) => Promise<void>,
): Promise<Float64Array> => {
  const latencies = new Float64Array(n);
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < n) {
      const index = next++;
      const began = performance.now();
      await one(index);
      latencies[index] = performance.now() - began;
    }
  };
  await Promise.all(Array.from({ length: Math.min(n, outstanding) }, loop));
  return latencies;
};

/** The same in batches: `outstanding / batch` loops, each of which begins `batch` at once and waits for them all. */
export const batchesOf = async (
  n: number,
  outstanding: number,
  batch: number,
  one: (index: number) => Promise<void>,
): Promise<Float64Array> => {
  const latencies = new Float64Array(n);
  const timed = async (index: number): Promise<void> => {
    const began = performance.now();
    await one(index);
    latencies[index] = performance.now() - began;
  };
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < n) {
      const first = next;
      next = Math.min(n, first + batch);
      await Promise.all(Array.from({ length: next - first }, (_, at) => timed(first + at)));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.round(outstanding / batch)) }, loop));
  return latencies;
};
