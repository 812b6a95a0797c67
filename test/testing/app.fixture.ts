/** An app under test. Its module-level variables stand for the world outside. */
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AppError, task } from '../../src/index.ts';

const sent = new Map<string, string>();

/** What was sent, by the key of the step that sent it. */
export const sentLetters = (): readonly string[] => [...sent.values()];

export const reminds = task(async (ctx, name: string) => {
  await ctx.run('welcome', ({ key }) => void sent.set(key, `welcome ${name}`));
  await ctx.sleep('30 days');
  await ctx.run('remind', ({ key }) => void sent.set(key, `remember ${name}`));
  return name;
});

export const square = task((_ctx, n: number) => n * n);

export const squares = task(async (ctx, count: number) => {
  const all = await ctx.map(
    square,
    Array.from({ length: count }, (_, n) => n),
  );
  return all.reduce((sum, each) => sum + each, 0);
});

export const logs = task(async (ctx, count: number) => {
  for (let line = 0; line < count; line++) {
    ctx.log.info(`${line}`);
    if (line % 3 === 0) await ctx.sleep('1 h');
    if (line % 5 === 0) await ctx.run('step', () => line);
  }
  return count;
});

export const refuses = task(() => {
  throw new AppError('no such account');
});

/** Adds up outside of steps what is lost with the attempt, and inside of one what is done again. */
let payments = 0;
export const paysTwice = task(async (ctx) => {
  await ctx.run('look up', () => 'account');
  return ctx.run('pay', () => ++payments);
});

/** Tells how often it was begun. */
let beginnings = 0;
export const countsItself = task(async (ctx) => {
  const beginning = ++beginnings;
  await ctx.run('step', () => 'done');
  return beginning;
});

/** Has no result that a crash could change. */
export const paysOnce = task(async (ctx) => {
  const paid = new Set<string>();
  await ctx.run('pay', ({ key }) => paid.add(key).size);
  await ctx.sleep('1 day');
  return ctx.call(square, 3);
});

/** Every kind of waiting that Node.js has, in a step. */
export const waits = task(async (ctx) =>
  ctx.run('wait', async () => {
    const began = Date.now();
    await pause(1_000);
    await promisify(setTimeout)(1_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await new Promise((resolve) => AbortSignal.timeout(1_000).addEventListener('abort', resolve));
    return Date.now() - began;
  }),
);

export const fetches = task(async (ctx) => {
  try {
    await ctx.run('fetch', async () => (await fetch('http://127.0.0.1/')).status);
  } catch {
    return 'unreachable';
  }
  return 'reached';
});

let exits = 0;
export const exitsOnce = task(async (ctx) => {
  await ctx.run('exit', () => {
    if (exits++ === 0) process.exit(3);
  });
  return ctx.attempt;
});

export const throwsAside = task({ retry: { attempts: 1 } }, async (ctx) => {
  setTimeout(() => {
    throw new Error('thrown aside');
  }, 10);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return ctx.id;
});

export const importsLater = task(async (ctx) =>
  ctx.run('import', async () => (await import('./imported-later.fixture.ts')).answer),
);

export const takesTooLong = task({ timeout: '5 s', retry: { attempts: 1 } }, async () => {
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});

export const circles = task(() => {
  for (;;);
});
