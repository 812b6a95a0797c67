/**
 * A process that ends while the store is being written (DESIGN section 6): it ends at once, in its own way, whatever thread is
 * in the middle of what; and what it leaves behind opens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLmdbReader, openLmdbWriter } from '../../src/store/lmdb-store.ts';

const runsTotal = 100;
const atOnce = 2;
/** Alone it takes some 75 ms. Other tests keep the machine busy meanwhile, so a few ends may be late; a hang lasts for ever. */
const endsWithinMs = 1_000;
const lateEndsMax = 5;
const stuckAfterMs = 10_000;

type Way = 'exit' | 'throw' | 'reject';
type End = {
  readonly how: Way;
  readonly code: number | null;
  readonly signal: string | null;
  readonly tookMs: number;
};

let folder: string;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-exit-'));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const exitCodes: Readonly<Record<Way, number>> = { exit: 7, throw: 1, reject: 1 };
const ways = Object.keys(exitCodes) as Way[];

const endOf = (child: ChildProcess, how: Way): Promise<End> =>
  new Promise((resolve, reject) => {
    let endingAt: number | undefined;
    let stuck: ReturnType<typeof setTimeout> | undefined;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (endingAt !== undefined || !text.includes('ending')) return;
      endingAt = performance.now();
      // Counted from here: on a busy machine a process takes long to begin.
      stuck = setTimeout(() => child.kill('SIGKILL'), stuckAfterMs);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(stuck);
      resolve({ how, code, signal, tookMs: endingAt === undefined ? Infinity : performance.now() - endingAt });
    });
  });

const run = async (number: number): Promise<End> => {
  const path = join(folder, `${number}.mdb`);
  const how = ways[number % ways.length]!;
  const program = new URL('./store-process.ts', import.meta.url).pathname;
  // Different moments of a transaction: each takes some 10 to 100 ms.
  const afterMs = (number * 7) % 120;
  const child = spawn(process.execPath, [program, path, how, String(afterMs)], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'cache') },
  });
  children.add(child);
  const end = await endOf(child, how);
  children.delete(child);
  const writer = openLmdbWriter(path);
  const reader = openLmdbReader(path);
  reader.marker(0);
  await reader.close();
  await writer.close();
  return end;
};

test(`a process ends within a second by exit, uncaught error or rejection while slices are written: ${runsTotal} times`, async () => {
  const tookMs: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < runsTotal) {
      const end = await run(next++);
      expect(end).toMatchObject({ code: exitCodes[end.how], signal: null });
      tookMs.push(end.tookMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  expect(tookMs.filter((ms) => ms >= endsWithinMs).length).toBeLessThanOrEqual(lateEndsMax);
}, 240_000);
