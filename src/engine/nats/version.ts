/** Versions of nats-server, as far as they matter here: `2.15.1`, `v2.15.1`, `2.15.0-dev`. */

/** Older servers commit entries of earlier terms, vote twice, or propose in a term that is over: acknowledged records can be lost. */
export const natsServerMinimum = '2.14.4';

/** Of the JetStream API, which the server that leads the others tells: that of 2.14. It may be another than one is connected to. */
export const jetStreamLevelMinimum = 4;

/** False also for what is no version. A version before a release (`2.14.4-RC.1`) is older than the release. */
export const isAtLeast = (version: string, minimum: string): boolean => {
  const [found, wanted] = [parse(version), parse(minimum)];
  if (found === undefined || wanted === undefined) return false;
  for (const [index, number] of wanted.numbers.entries()) {
    const difference = (found.numbers[index] as number) - number;
    if (difference !== 0) return difference > 0;
  }
  return found.released || !wanted.released;
};

/** Sorts the newest first. */
export const newestFirst = (a: string, b: string): number => (isAtLeast(a, b) ? (isAtLeast(b, a) ? 0 : -1) : 1);

const parse = (version: string): { numbers: readonly number[]; released: boolean } | undefined => {
  const found = /^v?(\d+)\.(\d+)\.(\d+)(-.*)?$/.exec(version.trim());
  if (found === null) return undefined;
  return { numbers: found.slice(1, 4).map(Number), released: found[4] === undefined };
};
