/** The next version of the app: with one task more. */
import { existsSync } from 'node:fs';
import { task } from '../../src/index.ts';

export * from './cluster-app.fixture.ts';

/** Waits until there is this file, and tells in which process it did. */
export const gated = task(async (_ctx, file: string) => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  return process.pid;
});
