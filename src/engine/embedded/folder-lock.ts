/**
 * The lock on a data folder: held by the operating system for an open file (an open-file-description lock), so it refuses
 * a second opener in another process and in this one, and ends with the process, however that ends (P8). What the file says
 * about its holder is for people to read, never the lock itself: a process id means nothing in another container.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { TuttiError } from '../../errors/tutti-error.ts';
import { fileErrorCode } from './files.ts';

export type LockHolder = {
  readonly pid: number;
  /** ISO time at which its process began. */
  readonly startedAt: string;
  readonly command: string;
};

export interface FolderLock {
  /** Lets go. Doing so twice is no error. */
  release(): void;
}

/**
 * The package brings no types. `tryLock` locks the whole file for this descriptor alone (`shared`: for all that ask so); false: another
 * one holds it.
 */
const { tryLock } = createRequire(import.meta.url)('fs-native-extensions') as {
  tryLock(fd: number, options?: { readonly shared: boolean }): boolean;
};

export const lockName = 'lock';
const commandCharsMax = 200;
const holderBytesMax = 4096;

/** Locks a data folder that exists. Throws `DATA_LOCKED`, naming the holder (`details.holder`), or `DATA_UNAVAILABLE`. */
export const lockFolder = (folder: string): FolderLock => {
  const file = path.join(folder, lockName);
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
    if (!tryLock(fd)) throw locked(folder, readHolder(fd));
    const holder = Buffer.from(`${JSON.stringify(thisProcess())}\n`);
    fs.ftruncateSync(fd);
    fs.writeSync(fd, holder, 0, holder.length, 0);
  } catch (error) {
    if (fd !== undefined) fs.closeSync(fd);
    if (error instanceof TuttiError) throw error;
    const message = `The data folder ${folder} cannot be locked (${fileErrorCode(error)}). Its file "${lockName}" must be writable, on a local disk.`;
    throw new TuttiError('DATA_UNAVAILABLE', message, { details: { folder, file }, cause: error });
  }
  return lockOf(fd);
};

const lockOf = (fd: number): FolderLock => {
  let released = false;
  return {
    release() {
      if (!released) fs.closeSync(fd);
      released = true;
    },
  };
};

/**
 * Keeps others from opening a data folder, and changes nothing in it: for who reads it as it lies there. Undefined: it has no lock's
 * file, so nobody holds it. Throws `DATA_LOCKED`, `DATA_UNAVAILABLE`.
 */
export const holdFolder = (folder: string): FolderLock | undefined => {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path.join(folder, lockName), 'r');
    if (!tryLock(fd, { shared: true })) throw locked(folder, readHolder(fd));
  } catch (error) {
    if (fd !== undefined) fs.closeSync(fd);
    if (error instanceof TuttiError) throw error;
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    const message = `The data folder ${folder} cannot be locked (${fileErrorCode(error)}). Its file "${lockName}" must be readable, on a local disk.`;
    throw new TuttiError('DATA_UNAVAILABLE', message, { details: { folder }, cause: error });
  }
  return lockOf(fd);
};

/** Who holds the lock on a folder, or held it last; undefined if nothing tells. */
export const lastHolder = (folder: string): LockHolder | undefined => {
  let fd: number;
  try {
    fd = fs.openSync(path.join(folder, lockName), 'r');
  } catch {
    return undefined;
  }
  try {
    return readHolder(fd);
  } finally {
    fs.closeSync(fd);
  }
};

const thisProcess = (): LockHolder => {
  const [, script = process.execPath, ...rest] = process.argv;
  return {
    pid: process.pid,
    startedAt: new Date(performance.timeOrigin).toISOString(),
    command: [path.basename(script), ...rest].join(' ').slice(0, commandCharsMax),
  };
};

const readHolder = (fd: number): LockHolder | undefined => {
  const bytes = Buffer.alloc(holderBytesMax);
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', 0, fs.readSync(fd, bytes, 0, bytes.length, 0)));
    const { pid, startedAt, command } = value as Partial<LockHolder>;
    if (typeof pid === 'number' && typeof startedAt === 'string' && typeof command === 'string') {
      return { pid, startedAt, command };
    }
  } catch {
    // The holder is between locking and writing, or nothing was ever written.
  }
  return undefined;
};

const locked = (folder: string, holder: LockHolder | undefined): TuttiError => {
  const who = holder
    ? `process ${holder.pid} (${holder.command}), started ${holder.startedAt}`
    : 'another process that has only just begun';
  const message = `The data folder ${folder} is in use by ${who}. Stop it, or use another folder.`;
  return new TuttiError('DATA_LOCKED', message, { details: { folder, ...(holder ? { holder } : {}) } });
};
