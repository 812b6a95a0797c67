/** Runs `work` for 0 to `count` − 1, `window` of them at once, and gives what came of each in order. Ends with the first error. */
export const inOrder = async <T>(
  count: number,
  window: number,
  work: (index: number) => Promise<T>,
): Promise<readonly T[]> => {
  const results: T[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, count) }, run));
  return results;
};
