/** The app of the benchmarks. */
import { appendFileSync, existsSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { task } from 'tutti';
import { bytesPerMsVariable, hashWork, tinyBytesOf } from './hash-work.ts';

const bytesPerMs = Number(process.env[bytesPerMsVariable] ?? 1024 * 1024);
/** By how much `waits` takes longer on this node than on others. */
export const slownessVariable = 'TUTTI_BENCH_SLOWNESS';
const slowness = Number(process.env[slownessVariable] ?? 1);
const pieceBytes = bytesPerMs;
const tinyBytes = tinyBytesOf(bytesPerMs);

export type NoopInput = { readonly index: number; readonly filler: string };

/** An input of about 100 bytes. */
export const noopInput = (index: number): NoopInput => ({ index, filler: noopFiller });
const noopFiller = 'x'.repeat(73);

export const noop = task(async (_ctx, { index }: NoopInput) => index);

export const tenSteps = task(async (ctx, start: number) => {
  let sum = start;
  for (let step = 0; step < 10; step++) sum += await ctx.run('step', () => step);
  return sum;
});

export const piece = task((_ctx, index: number) => hashWork(index, pieceBytes));

export const fanOut = task(async (ctx, pieces: number) => ctx.map(piece, countTo(pieces)));

export const tiny = task((_ctx, index: number) => hashWork(index, tinyBytes));

/** Gives the xor of all results with their places, and by how much the heap of this thread grew at most. */
export const mapMany = task(async (ctx, items: number) => {
  const before = getHeapStatistics().used_heap_size;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, getHeapStatistics().used_heap_size);
  }, 20);
  const results = await ctx.map(tiny, countTo(items));
  clearInterval(watch);
  return { digest: digestOf(results), count: results.length, grewMb: (most - before) / 1e6 };
});

/** One number that differs when a result differs or stands in another place. */
export const digestOf = (results: readonly number[]): number =>
  results.reduce((digest, result, at) => (Math.imul(digest, 31) ^ Math.imul(result, at + 1)) >>> 0, 0);

/** Writes so many lines to its log, a few milliseconds apart. */
export const logsLines = task(async (ctx, lines: number) => {
  for (let line = 0; line < lines; line++) {
    ctx.log.info('line', { line });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

/** Keeps its thread from doing anything until a file is there. */
export const block = task((_ctx, file: string) => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(file)) Atomics.wait(cell, 0, 0, 50);
});

/** Keeps a slot, and not the thread, until a file is there. */
export const holds = task(async (_ctx, file: string) => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50));
});

function* countTo(end: number): Generator<number> {
  for (let index = 0; index < end; index++) yield index;
}

/** Notes that it ran, and gives what no other run of it gives. */
export const noted = task((_ctx, { file, key }: { readonly file: string; readonly key: string }) => {
  appendFileSync(file, `${key}\n`);
  return `${key} ${process.pid} ${process.hrtime.bigint()}`;
});

/** Waits outside of the processor, and tells in which process. */
export const waits = task(async (_ctx, ms: number) => {
  await new Promise((resolve) => setTimeout(resolve, ms * slowness));
  return process.pid;
});
