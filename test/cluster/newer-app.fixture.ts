/** The next version of the app: with tasks more. */
import { existsSync } from 'node:fs';
import { task } from '../../src/index.ts';

export * from './cluster-app.fixture.ts';

/** Waits until there is this file, and tells in which process it did. */
export const gated = task(async (_ctx, file: string) => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  return process.pid;
});

const wholeSchema = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) =>
      typeof value === 'number' && Number.isInteger(value)
        ? { value: 2 * value }
        : { issues: [{ message: 'not whole', path: ['count'] }] },
    types: undefined as unknown as { readonly input: number; readonly output: number },
  },
};

/** Its schema doubles what it is given. */
export const checked = task({ input: wholeSchema }, async (_ctx, doubled: number) => [process.pid, doubled]);

/** By its policy it is tried twice; once there is this file it ends well. */
export const twice = task({ retry: { attempts: 2, first: '1 ms' } }, async (ctx, file: string) => {
  ctx.log.info(`in ${process.pid}`);
  if (!existsSync(file)) throw new Error('not yet');
  return process.pid;
});
