/** An app under test. Its module-level variables stand for the world outside. */
import { AppError, task } from '../../src/index.ts';

const sent = new Map<string, string>();

/** What was sent, by the key of the step that sent it. */
export const sentLetters = (): readonly string[] => [...sent.values()];

export const reminds = task(async (ctx, name: string) => {
  await ctx.run('welcome', ({ key }) => void sent.set(key, `welcome ${name}`));
  await ctx.sleep('30 days');
  await ctx.run('remind', ({ key }) => void sent.set(key, `remember ${name}`));
  return new Date().toISOString();
});

export const square = task((_ctx, n: number) => n * n);

export const squares = task(async (ctx, count: number) => {
  const all = await ctx.map(
    square,
    Array.from({ length: count }, (_, n) => n),
  );
  return all.reduce((sum, each) => sum + each, 0);
});

export const refuses = task(() => {
  throw new AppError('no such account');
});
