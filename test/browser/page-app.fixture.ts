/** An app for the tests of the page: tasks that do all that the page can show. */
import { existsSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, task } from '../../src/index.ts';

/** Ends when the test has made that file. */
const opened = async (gate: string): Promise<void> => {
  while (!existsSync(gate)) await after(20);
};

export const echo = task(async (_ctx, value: unknown) => value);

export const order = task(
  {
    input: z.object({
      id: z.string().min(1).meta({ description: 'As on the receipt.' }),
      customer: z.object({ name: z.string().min(2), email: z.email().optional() }),
      items: z.array(z.object({ sku: z.string().min(1), count: z.int().min(1).default(1) })).min(1),
      pay: z.discriminatedUnion('by', [
        z.object({ by: z.literal('card'), number: z.string().min(4) }),
        z.object({ by: z.literal('invoice') }),
      ]),
      express: z.boolean().optional(),
    }),
  },
  async (ctx, { id, items }) => {
    const total = await ctx.run('add up', async () => BigInt(items.reduce((sum, { count }) => sum + count * 500, 0)));
    return new Map<string, unknown>([
      ['order', id],
      ['total', total],
      ['paid', new Date('2026-11-03T09:30:00Z')],
      ['receipt', new Uint8Array([37, 80, 68, 70])],
    ]);
  },
);

export const invoice = task({ name: 'billing.invoice' }, async (ctx, account: string) => {
  await ctx.run('number', async () => after(30));
  return { account, cents: 12_900n };
});

/** Steps of all kinds, then a sleep. */
export const statements = task(async (ctx, month: string) => {
  ctx.log.info('statements begin', { month });
  const accounts = await ctx.run('load accounts', async () => {
    await after(60);
    return ['a-1', 'a-2', 'a-3'];
  });
  await ctx.sleep('150 ms');
  for (const account of accounts) await ctx.call(invoice, account);
  ctx.log.warn('one account has no address', { account: 'a-2' });
  await ctx.map(
    render,
    accounts.map((_, page) => ({ page, gate: '' })),
  );
  await ctx.sleep('1 day');
  return accounts.length;
});

export const render = task(async (_ctx, { page, gate }: { page: number; gate: string }) => {
  if (gate !== '') await opened(gate);
  return page;
});

/** Items from `from` on wait for a file. */
export const renderAll = task(async (ctx, { pages, from, gate }: { pages: number; from: number; gate: string }) => {
  const numbers = await ctx.map(
    render,
    Array.from({ length: pages }, (_, page) => ({ page, gate: page < from ? '' : gate })),
  );
  return numbers.length;
});

/** An item waits for each of the files. */
export const renderEach = task(async (ctx, gates: readonly string[]) => {
  const numbers = await ctx.map(
    render,
    gates.map((gate, page) => ({ page, gate })),
  );
  return numbers.length;
});

export const send = task({ retry: { attempts: 2, first: '10 ms' } }, async (ctx, to: string) => {
  await ctx.run('look up', async () => to.length);
  throw new Error(`${to} takes no mail`, { cause: new RangeError('connect ECONNREFUSED 10.0.4.12:25') });
});

export const refuse = task(async () => {
  throw new AppError('no such account');
});

/** Logs a line, waits for a file, and logs more. */
export const talk = task(async (ctx, { gate, lines }: { gate: string; lines: number }) => {
  ctx.log.info('before the gate');
  await ctx.run('gate', () => opened(gate));
  for (let line = 1; line <= lines; line++) ctx.log.info(`line ${line}`, { line });
  return lines;
});
