/** An app whose tasks tell in which process they ran. */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
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

type Keep = { readonly pid: number; readonly began: string; readonly until: string };

/** Keeps the thread from when it writes one file until the other one is there. */
const keepThread = ({ began, until }: Keep): void => {
  writeFileSync(began, '');
  while (!existsSync(until)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
};

/** In the process with that id it computes until the file is there; false elsewhere, at once. */
export const computes = task(async (_ctx, keep: Keep) => {
  if (process.pid !== keep.pid) return false;
  keepThread(keep);
  return true;
});

/** In the process with that id its executor answers nothing until the file is there, though none of its tasks runs; false elsewhere. */
export const hangs = task(async (_ctx, keep: Keep) => {
  if (process.pid !== keep.pid) return false;
  setTimeout(keepThread, 50, keep);
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
