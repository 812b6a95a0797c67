/** The disk that figures stand on: where folders go, and what one synchronous write costs there. */
import { closeSync, constants, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from './measure.ts';

/** File systems that keep nothing: a sync costs nothing there, and figures would say nothing. */
const memoryFileSystems = new Set([0x01021994, 0x858458f6]);

/** Makes an empty folder in `parent` (default: the folder for temporary files) and refuses one that is only memory. */
export const makeBenchFolder = (parent: string = tmpdir()): string => {
  if (memoryFileSystems.has(statfsSync(parent).type))
    throw new Error(
      `${parent} is no disk but memory, where a sync costs nothing: name a folder on a disk with --data DIR.`,
    );
  return mkdtempSync(join(parent, 'tutti-bench-'));
};

export const removeBenchFolder = (folder: string): void =>
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

const probeWrites = 300;
const probeBytes = 4096;

/** Median milliseconds of a synchronous write of 4 KB into a file that is there already: the floor of a commit. */
export const measureSyncMs = (folder: string): number => {
  const path = join(folder, 'sync-probe');
  const block = Buffer.alloc(probeBytes);
  const prepared = openSync(path, 'w');
  for (let at = 0; at < probeWrites; at++) writeSync(prepared, block, 0, probeBytes, at * probeBytes);
  closeSync(prepared);
  const file = openSync(path, constants.O_WRONLY | constants.O_DSYNC);
  const times = new Float64Array(probeWrites);
  for (let at = 0; at < probeWrites; at++) {
    const began = performance.now();
    writeSync(file, block, 0, probeBytes, at * probeBytes);
    times[at] = performance.now() - began;
  }
  closeSync(file);
  rmSync(path);
  return percentile(times, 0.5);
};
