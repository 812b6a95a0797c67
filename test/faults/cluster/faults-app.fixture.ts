/** The app that the clients of the fault tests use. What its steps do in the world goes to a file that the test reads. */
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, task } from '../../../src/index.ts';

/** Set by the test for each of its processes. */
const folder = process.env['TUTTI_FAULTS_FOLDER'] ?? '';

/** One run of a step: what it gave, and the results of the steps before it as its task saw them. */
export type Effect = {
  readonly task: string;
  readonly step: number;
  readonly token: string;
  readonly before: readonly string[];
};

export const effectsFile = (where: string): string => join(where, 'effects.jsonl');
/** Once this is there, the task of that name does not fail any more. */
export const mendedFile = (where: string, name: string): string => join(where, `mended-${name}`);

export const echo = task(async (_ctx, n: number) => n);

/** Its steps leave a trace in the world; gives their results. */
export const ledger = task(async (ctx, { name, steps, pauseMs }: { name: string; steps: number; pauseMs: number }) => {
  const results: string[] = [];
  for (let step = 0; step < steps; step++) {
    const before = [...results];
    results.push(
      await ctx.run(`step ${step}`, () => {
        const token = randomUUID();
        const effect: Effect = { task: name, step, token, before };
        appendFileSync(effectsFile(folder), `${JSON.stringify(effect)}\n`);
        return token;
      }),
    );
    if (pauseMs > 0) await ctx.sleep(pauseMs);
  }
  return results;
});

export const square = task(async (_ctx, n: number) => n * n);

export const squares = task(async (ctx, count: number) =>
  ctx.map(
    square,
    Array.from({ length: count }, (_, n) => n),
  ),
);

/** A register that is written once: the first value under its key is the task's. */
export const claim = task(async (_ctx, value: number) => value);

export const longSleep = task(async (ctx, ms: number) => {
  await ctx.sleep(ms);
  return 'slept';
});

export const broken = task(async (_ctx, name: string) => {
  if (!existsSync(mendedFile(folder, name))) throw new AppError('not mended');
  return name;
});

export const lines = task(async (ctx, count: number) => {
  for (let line = 0; line < count; line++) {
    ctx.log.info(`line ${line}`);
    await ctx.sleep(50);
  }
  return count;
});
