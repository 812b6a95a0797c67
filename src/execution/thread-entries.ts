/**
 * Where the threads begin, in one place: the entry files have the extension of this file, so that the same code starts
 * `.ts` in the repository and `.js` in the published package (`new URL('./x.ts')` is not rewritten when it is built).
 */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const entry = (path: string): URL => new URL(`${path}.${extension}`, import.meta.url);

export const threadEntries = {
  node: entry('../node/node-thread'),
  state: entry('./state/state-thread'),
  executor: entry('./executor/executor-thread'),
} as const;
