/** An app whose tasks tell in which process they ran. */
import { appendFileSync } from 'node:fs';
import { task } from '../../src/index.ts';

export const where = task(async () => process.pid);

/** To be run at the second of three nodes. */
export const wherePlaced = task({ location: 'eu' }, async () => process.pid);

/** Counts, with a step each, and tells where each step ran. */
export const steps = task(async (ctx, count: number) => {
  const pids: number[] = [];
  for (let step = 0; step < count; step++) pids.push(await ctx.run(`step ${step}`, () => process.pid));
  return pids;
});

export const square = task(async (_ctx, n: number) => n * n);

export const squares = task(async (ctx, count: number) =>
  ctx.map(
    square,
    Array.from({ length: count }, (_, n) => n),
  ),
);

export const logs = task(async (ctx, lines: number) => {
  for (let line = 0; line < lines; line++) {
    ctx.log.info(`line ${line}`);
    await ctx.sleep(20);
  }
  return lines;
});

/** In the process with that id it keeps its executor from answering; false elsewhere, at once. */
export const hold = task(async (_ctx, { pid, ms }: { pid: number; ms: number }) => {
  if (process.pid !== pid) return false;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return true;
});

/** Notes in which process it begins, and goes on for a while. */
export const noting = task(async (_ctx, { file, ms }: { file: string; ms: number }) => {
  appendFileSync(file, `${process.pid}\n`);
  await new Promise((resolve) => setTimeout(resolve, ms));
  return process.pid;
});

/** Takes its whole node with it, each time. */
export const ends = task(async () => {
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => undefined);
});
