/** The store after `kill -9` at any moment: the marker that was acknowledged is there, and all that it vouches for. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLmdbReader, openLmdbWriter } from '../../src/store/lmdb-store.ts';
import type { StoreReader } from '../../src/store/store.ts';
import { rowKey, rowsPerSlice, rowValue, slicesPerMark } from './store-rows.ts';

const killsTotal = 20;

let folder: string;
let running: ChildProcess | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-crash-'));
});
afterAll(async () => {
  running?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Lets a process write until it has said `marks` marks, kills it `afterMs` later, and returns the last mark it said. */
const writeAndKill = (path: string, marks: number, afterMs: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const program = new URL('./store-process.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [program, path, 'never'], { stdio: ['ignore', 'pipe', 'inherit'] });
    running = child;
    let said = '';
    let killing = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (killing || said.split('\n').length <= marks) return;
      killing = true;
      setTimeout(() => child.kill('SIGKILL'), afterMs);
    });
    child.on('error', reject);
    child.on('close', () => resolve(Number(/marked (\d+)\n$/.exec(said)?.[1])));
  });

/** Every row is of the marker's round or of the one after, whose slices were under way. */
const expectRows = (reader: StoreReader, round: number): void => {
  let newer = 0;
  for (let slice = 0; slice < slicesPerMark; slice += 1) {
    for (let row = 0; row < rowsPerSlice; row += 1) {
      const value = Buffer.from(reader.get(0, 1, rowKey(slice, row)) ?? []).toString();
      if (value === rowValue(round, slice, row)) continue;
      newer += 1;
      if (value !== rowValue(round + 1, slice, row)) {
        expect.fail(`Row ${row} of slice ${slice} is not of round ${round} or the next: ${value.trim()}`);
      }
    }
  }
  expect(newer % rowsPerSlice, 'slices are whole').toBe(0);
  expect([...reader.scan(0, 1, '', undefined)].length).toBe(slicesPerMark * rowsPerSlice);
};

test(`after kill -9 at any moment the last marker and all slices before it are there: ${killsTotal} times`, async () => {
  const path = join(folder, 'rows.mdb');
  for (let kill = 0; kill < killsTotal; kill += 1) {
    const said = await writeAndKill(path, 1, (kill * 13) % 90);
    const writer = openLmdbWriter(path);
    const reader = openLmdbReader(path);
    try {
      const { position } = reader.marker(0);
      expect(position).toBeGreaterThanOrEqual(said);
      expect(position).toBeLessThanOrEqual(said + 1);
      expectRows(reader, position);
    } finally {
      await reader.close();
      await writer.close();
    }
  }
});
