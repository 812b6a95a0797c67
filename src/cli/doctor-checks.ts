/** What `tutti doctor` looks at. Each check says what it measured, and what is wrong with it and how that is mended, if anything is. */
import fs from 'node:fs';
import path from 'node:path';
import { folderRemedy, readDataFormat } from '../engine/embedded/data-folder.ts';
import { fileErrorCode } from '../engine/embedded/files.ts';
import { isTuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';

export type Finding = {
  readonly check: 'node' | 'open-files' | 'clock' | 'folder' | 'free-space' | 'disk-sync' | 'port' | 'app';
  /** What was measured; names of fields have their units. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly fault?: Fault;
  /** Worth knowing, and nothing wrong. */
  readonly note?: string;
};

/** Two sentences: what is wrong, and what mends it. */
export type Fault = { readonly what: string; readonly fix: string };

const mebibyte = 1024 * 1024;
const syncCount = 3;
const syncBytes = 4_096;
/** A build of this program is younger than that: no clock that is right shows an earlier time. */
const earliestMs = Date.UTC(2024, 0, 1);
/** Files of other machines may have been copied here. */
const writtenLaterMs = 60_000;

/** One that is too old does not come so far: `bin/tutti.js` says so, with what to do. */
export const checkNode = (): Finding => ({ check: 'node', facts: { version: process.versions.node } });

/** How many files this process may have open; undefined where the system does not say. */
export const checkOpenFiles = (): Finding => {
  const open = openFilesMax();
  const fault = {
    what: `This process may have ${open} files open at once; a node needs ${limits.openFilesMin}: each connection is one.`,
    fix: `Raise the limit: ulimit -n ${limits.openFilesMin}, or LimitNOFILE= in the service's unit.`,
  };
  return {
    check: 'open-files',
    facts: { filesMax: open },
    ...(open === undefined || open >= limits.openFilesMin ? {} : { fault }),
  };
};

const openFilesMax = (): number | undefined => {
  // What connections this process has is no matter here, and names of hosts take long to look up.
  Reflect.set(process.report, 'excludeNetwork', true);
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = userLimits?.open_files?.soft;
  if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
  return typeof soft === 'number' || typeof soft === 'string' ? Number(soft) : undefined;
};

/** How far the system's clock is ahead of the monotonic one, which never jumps; `aboutMs` how exactly that is known. */
export type ClockReading = { readonly aheadMs: number; readonly aboutMs: number };

/** The two clocks cannot be read at once: the closest of a few readings counts. */
export const readClocks = (): ClockReading => {
  let best: ClockReading = { aheadMs: 0, aboutMs: Number.POSITIVE_INFINITY };
  for (let reading = 0; reading < 5; reading++) {
    const before = performance.now();
    const now = Date.now();
    const after = performance.now();
    if (after - before < best.aboutMs) best = { aheadMs: now - after, aboutMs: after - before };
  }
  return best;
};

/** `earlier`: the clocks as they were when the doctor began. */
export const checkClock = (folder: string, earlier: ClockReading): Finding => {
  const now = Date.now();
  const reading = readClocks();
  const jumpMs = Math.round(reading.aheadMs - earlier.aheadMs);
  const written = lastWritten(folder);
  const facts = { time: new Date(now).toISOString(), jumpMs };
  const fix = 'Set the clock, and let the system keep it: timedatectl set-ntp true.';
  const fault = (what: string): Finding => ({ check: 'clock', facts, fault: { what, fix } });
  if (now < earliestMs) return fault(`The clock says ${facts.time}, which is before this program was written.`);
  if (Math.abs(jumpMs) - reading.aboutMs - earlier.aboutMs > limits.clockJumpMs)
    return fault(`The clock jumped by ${jumpMs} ms while it was watched.`);
  if (written !== undefined && written > now + writtenLaterMs)
    return fault(
      `The clock says ${facts.time}, but the data folder was written at ${new Date(written).toISOString()}: it has gone back.`,
    );
  return { check: 'clock', facts };
};

const lastWritten = (folder: string): number | undefined => {
  const times = ['format.json', 'lock'].map((name) => writtenAt(path.join(folder, name)));
  return times.reduce((newest, time) => (newest === undefined || (time ?? 0) > newest ? time : newest), undefined);
};

const writtenAt = (file: string): number | undefined => {
  try {
    return fs.statSync(file).mtimeMs;
  } catch {
    // Nothing is there, or nothing that we may see, which is another check's matter.
    return undefined;
  }
};

/** The folder itself, or where it would be made: what of its path is there. */
const existingPart = (folder: string): string => {
  let part = folder;
  while (!fs.existsSync(part) && path.dirname(part) !== part) part = path.dirname(part);
  return part;
};

/**
 * Rights, free space and the time of a sync, of the folder or, before the first start, of where it would be made. Leaves
 * nothing behind.
 */
export const checkFolder = (folder: string): readonly Finding[] => {
  const place = existingPart(folder);
  const facts = { path: folder, exists: place === folder };
  const probe = path.join(place, `.tutti-doctor-${process.pid}`);
  let syncMs: number;
  try {
    syncMs = timeSync(probe);
    checkParts(folder);
    if (facts.exists) readDataFormat(folder);
  } catch (error) {
    return [{ check: 'folder', facts, fault: folderFault(folder, error) }];
  } finally {
    removeProbe(probe);
  }
  return [{ check: 'folder', facts }, spaceOf(place), syncOf(syncMs)];
};

const removeProbe = (probe: string): void => {
  try {
    fs.rmSync(probe, { force: true });
  } catch {
    // It could not be made either.
  }
};

/** What was left by another user, `root` for one, is not ours to write. */
const checkParts = (folder: string): void => {
  for (const name of ['format.json', 'lock', 'log', 'store', 'blobs']) {
    const part = path.join(folder, name);
    if (fs.existsSync(part)) fs.accessSync(part, fs.constants.R_OK | fs.constants.W_OK);
  }
};

const folderFault = (folder: string, error: unknown): Fault => {
  if (isTuttiError(error)) return { what: error.message, fix: 'Or name another folder: --data DIR.' };
  const { path: at = folder } = error as NodeJS.ErrnoException;
  const part = at.includes('.tutti-doctor-') ? path.dirname(at) : at;
  const code = fileErrorCode(error);
  return { what: `${part} cannot be written (${code}).`, fix: folderRemedy(code) };
};

/** The fastest of a few syncs of a small write, in milliseconds. */
const timeSync = (probe: string): number => {
  const fd = fs.openSync(probe, 'wx', 0o600);
  try {
    let fastest = Number.POSITIVE_INFINITY;
    for (let count = 0; count < syncCount; count++) {
      const begin = performance.now();
      fs.writeSync(fd, new Uint8Array(syncBytes));
      fs.fdatasyncSync(fd);
      fastest = Math.min(fastest, performance.now() - begin);
    }
    return fastest;
  } finally {
    fs.closeSync(fd);
  }
};

const syncOf = (fastest: number): Finding => {
  const syncMs = Math.round(fastest * 100) / 100;
  const fault = {
    what: `A sync of ${syncBytes} bytes takes ${syncMs} ms: each step that is recorded waits that long.`,
    fix: 'Use a folder on a local disk: --data DIR.',
  };
  return { check: 'disk-sync', facts: { syncMs }, ...(syncMs > limits.diskSyncMsMax ? { fault } : {}) };
};

const spaceOf = (place: string): Finding => {
  const { bavail, bsize } = fs.statfsSync(place);
  const freeBytes = bavail * bsize;
  const fault = {
    what: `${Math.floor(freeBytes / mebibyte)} MiB are free on the disk of ${place}; the log needs ${limits.diskFreeBytesMin / mebibyte}.`,
    fix: 'Make room, or use a folder on another disk: --data DIR.',
  };
  return { check: 'free-space', facts: { freeBytes }, ...(freeBytes < limits.diskFreeBytesMin ? { fault } : {}) };
};
