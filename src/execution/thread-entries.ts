/**
 * Where the threads that a node starts begin (its own entry stands beside `open`). The entry files have the extension of
 * this file, so that the same code starts `.ts` in the repository and `.js` in the published package (`new URL('./x.ts')`
 * is not rewritten when it is built).
 */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const entry = (path: string): URL => new URL(`${path}.${extension}`, import.meta.url);

export const threadEntries = {
  state: entry('./state/state-thread'),
  executor: entry('./executor/executor-thread'),
  inputs: entry('./inputs/inputs-thread'),
} as const;
