/**
 * A data folder as it lies there, copied: nobody may hold it meanwhile, and nothing of it is changed, not even its lock's file.
 */
import fs from 'node:fs';
import { copyFile, lstat, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { TuttiError } from '../../errors/tutti-error.ts';
import { folderRemedy } from './data-folder.ts';
import { fileErrorCode } from './files.ts';
import { type FolderLock, holdFolder, lockName } from './folder-lock.ts';

/**
 * Copies a data folder into `to`, which is made. Where the file system can, the copies share their blocks with the originals. Throws
 * `DATA_LOCKED`, `DATA_UNAVAILABLE`.
 */
export const copyDataFolder = async (from: string, to: string): Promise<void> => {
  const held: FolderLock | undefined = holdFolder(from);
  try {
    await copyFolder(from, to, new Set([lockName]));
    // One without a lock's file was never opened where it lies. Whoever opens it now makes one.
    if (held === undefined) holdFolder(from)?.release();
  } catch (error) {
    if (error instanceof TuttiError) throw error;
    const code = fileErrorCode(error);
    const message = `The data folder ${from} cannot be copied to ${to} (${code}). ${folderRemedy(code)}`;
    throw new TuttiError('DATA_UNAVAILABLE', message, { details: { folder: from, code }, cause: error });
  } finally {
    held?.release();
  }
};

const copyFolder = async (from: string, to: string, without: ReadonlySet<string> = new Set()): Promise<void> => {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from)) {
    if (without.has(name)) continue;
    const [source, target] = [path.join(from, name), path.join(to, name)];
    const found = await lstat(source);
    if (found.isDirectory()) await copyFolder(source, target);
    // A socket that a process left behind is no part of it.
    else if (found.isFile()) await copyFile(source, target, fs.constants.COPYFILE_FICLONE);
  }
};
