import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { nodeEnv } from '../../platform/node.ts';
import { type Harness, logConformance } from '../conformance.ts';
import type { Log } from '../engine.ts';
import type { Files } from './files.ts';
import { memoryFiles } from './memory-files.ts';
import { nodeFiles } from './node-files.ts';
import { openPhysicalLog, type PhysicalLogOptions } from './physical-log.ts';

const makeLog = async (files: Files, options: Partial<PhysicalLogOptions> = {}): Promise<Harness<Log>> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tutti-log-'));
  const open = () => openPhysicalLog(files, folder, { env: nodeEnv(), ...options });
  let physical = await open();
  return {
    subject: physical.log(3),
    reopen: async () => {
      await physical.close();
      physical = await open();
      return physical.log(3);
    },
    close: async () => {
      await physical.close();
      await rm(folder, { recursive: true });
    },
  };
};

/** Segments so small that the suite uses many of them. */
const small = { segmentBytes: 1024 * 1024, zeroAheadBytes: 64 * 1024, recordBytesMax: 800_000 };

logConformance('PhysicalLog on files', () => makeLog(nodeFiles));
logConformance('PhysicalLog on files with small segments', () => makeLog(nodeFiles, small));
logConformance('PhysicalLog in memory', () => makeLog(memoryFiles()));
logConformance('PhysicalLog on files, never blocking', () => makeLog(nodeFiles, { syncWriteBytesMax: 0 }));

it('refuses a record beyond the limit, and a segment that could not hold the largest one', async () => {
  const { subject: log, close } = await makeLog(memoryFiles(), small);
  await expect(log.append(new Uint8Array(800_001), 0)).rejects.toMatchObject({ code: 'INVARIANT' });
  expect(await log.append(new Uint8Array(800_000), 0)).toEqual({ kind: 'appended', position: 1 });
  await close();
  for (const wrong of [{ recordBytesMax: 1024 * 1024 }, { segmentBytes: 1024 * 1024 + 1 }]) {
    await expect(makeLog(memoryFiles(), { ...small, ...wrong })).rejects.toMatchObject({ code: 'INVARIANT' });
  }
});

it('writes what small appends of one turn bring as one frame, and answers within that turn', async () => {
  const physical = await openPhysicalLog(memoryFiles(), '/log', { env: nodeEnv() });
  let turnOver = false;
  setImmediate(() => {
    turnOver = true;
  });
  const results = await Promise.all([1, 2, 3].map((log) => physical.log(log).append(new Uint8Array(100), 0)));
  expect(turnOver).toBe(false);
  expect(results).toEqual([1, 2, 3].map(() => ({ kind: 'appended', position: 1 })));
  expect(physical.logs()).toEqual([1, 2, 3]);
  await physical.close();
});

it('lets other work of the process go on while appends answer each other', async () => {
  const physical = await openPhysicalLog(memoryFiles(), '/log', { env: nodeEnv() });
  let appends = 0;
  let stop = false;
  const loop = (async () => {
    while (!stop) await physical.log(0).append(new Uint8Array(10), appends++);
  })();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  stop = true;
  await loop;
  expect(appends).toBeGreaterThan(1);
  await physical.close();
});
