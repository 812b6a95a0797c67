/** An app whose tasks the gateway's tests start over HTTP. */
import { z } from 'zod';
import { AppError, task } from '../../src/index.ts';

export const echo = task(async (_ctx, value: unknown) => value);
export const pay = task(
  { input: z.object({ order: z.string().min(1).max(20), cents: z.int().min(1).max(1_000_000) }) },
  async (_ctx, { order, cents }) => `${order}: ${cents}`,
);
const tree = z.object({
  name: z.string(),
  get branches() {
    return z.array(tree);
  },
});
/** Its schema refers to itself. */
export const plant = task({ input: tree }, async (_ctx, { branches }) => branches.length);
export const refuses = task(async () => {
  throw new AppError('no such account', { cause: new Error('the bank said no') });
});
export const waits = task(async (ctx) => {
  ctx.log.info('before the sleep', { minutes: 10 });
  await ctx.sleep('10 min');
});
/** Tried once: what fails in it does not come back while a test looks. */
export const logs = task({ retry: { attempts: 1 } }, async (ctx, { lines, size }: { lines: number; size: number }) => {
  for (let line = 0; line < lines; line++) ctx.log.info(`line ${line}`, { filler: 'x'.repeat(size) });
  return lines;
});
export const dotted = task({ name: 'billing.invoice' }, async () => 'sent');
