/**
 * Where the processes and threads of the command begin. The files have the extension of this one: `.ts` in the repository, `.js`
 * in the published package.
 */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const entry = (path: string): URL => new URL(`${path}.${extension}`, import.meta.url);

export const childEntries = {
  run: entry('./run-child'),
  guard: entry('./run-guard'),
  serve: entry('./serve-child'),
  scout: entry('./scout-thread'),
} as const;
