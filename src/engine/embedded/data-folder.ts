/**
 * What a data folder is: where its parts lie, and `format.json`, which says in which format it is, who it is, and how many
 * partitions it has. That number is fixed when the folder is made; which thread runs a physical log is not.
 *
 * ```
 * DIR/format.json   DIR/lock   DIR/log/<n>/…   DIR/store/   DIR/blobs/
 * ```
 *
 * D1. `format.json` appears whole or not at all. A folder without one holds nothing yet.
 * D2. A folder of another format is not touched.
 *
 * History: format 1, the first.
 */
import fs from 'node:fs';
import path from 'node:path';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import type { Random } from '../../platform/env.ts';
import { fileErrorCode } from './files.ts';

export const dataFormatVersion = 1;

export type DataFormat = {
  readonly format: typeof dataFormatVersion;
  /** Random, in hexadecimal: tells this folder from every other. */
  readonly id: string;
  readonly partitions: number;
  /** For each physical log the partitions whose logs lie in it, by their numbers from 0. */
  readonly physicalLogs: readonly (readonly number[])[];
};

/** How a folder is made, if there is none. */
export type DataFolderOptions = {
  readonly random: Random;
  /** How many partitions (1 if not said). An existing folder with another number is refused. */
  readonly partitions?: number | undefined;
  /** Over how many physical logs they are spread (1 if not said); of no effect on an existing folder. */
  readonly physicalLogs?: number | undefined;
};

const formatName = 'format.json';
const idBytes = 16;

/** Where the parts of a data folder lie. */
export const dataPaths = (folder: string) => ({
  format: path.join(folder, formatName),
  store: path.join(folder, 'store'),
  blobs: path.join(folder, 'blobs'),
  log: (physical: number): string => path.join(folder, 'log', String(physical)),
});

/**
 * Sees to it that a folder is there in which this process can write. The first thing to do with a data folder; the second
 * is to lock it. Throws `DATA_UNAVAILABLE`.
 */
export const prepareDataFolder = (folder: string): void => {
  try {
    makeFolders(path.resolve(folder));
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw unavailable(folder, error);
  }
};

/** Node's own recursive way tries for ever where a file system answers ENOENT to every attempt, as `/proc` does. */
const makeFolders = (folder: string): void => {
  const isThere = (): boolean => fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isThere()) return;
  if (path.dirname(folder) !== folder) makeFolders(path.dirname(folder));
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been quicker; which of the two gets the folder, the lock decides.
    if (!isThere()) throw error;
  }
};

/** The format of an existing folder, undefined if there is none. Throws `DATA_FORMAT`, `DATA_UNAVAILABLE`. */
export const readDataFormat = (folder: string): DataFormat | undefined => {
  let text: string;
  try {
    text = fs.readFileSync(path.join(folder, formatName), 'utf8');
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw unavailable(folder, error);
  }
  return parseFormat(folder, text);
};

/**
 * Reads the format of a folder that this process has prepared and locked, or makes it a data folder. Throws `DATA_FORMAT`
 * for one of another format, `DATA_UNAVAILABLE` for one that cannot be written, `OPTION_INVALID` for other partitions.
 */
export const openDataFolder = (folder: string, options: DataFolderOptions): DataFormat => {
  const { partitions, physicalLogs, random } = options;
  if (
    partitions !== undefined &&
    !(Number.isInteger(partitions) && partitions >= 1 && partitions <= limits.partitionsMax)
  ) {
    throw new TuttiError('OPTION_INVALID', `The number of partitions must be from 1 to ${limits.partitionsMax}.`);
  }
  const known = readDataFormat(folder);
  if (known) {
    if (partitions === undefined || partitions === known.partitions) return known;
    const message = `The data folder ${folder} has ${known.partitions} partitions, which is fixed; ${partitions} were asked for. Leave the number out, or use another folder.`;
    throw new TuttiError('OPTION_INVALID', message, { details: { folder, partitions: known.partitions } });
  }
  const format: DataFormat = {
    format: dataFormatVersion,
    id: Buffer.from(random.bytes(idBytes)).toString('hex'),
    partitions: partitions ?? 1,
    physicalLogs: spread(partitions ?? 1, physicalLogs ?? 1),
  };
  try {
    writeDurably(folder, formatName, `${JSON.stringify(format, null, 2)}\n`);
  } catch (error) {
    throw unavailable(folder, error);
  }
  return format;
};

/** Partition p lies in physical log p modulo their number. */
const spread = (partitions: number, physicalLogs: number): readonly (readonly number[])[] => {
  const count = Math.max(1, Math.min(physicalLogs, partitions));
  const logs: number[][] = Array.from({ length: count }, () => []);
  for (let partition = 0; partition < partitions; partition++) logs[partition % count]!.push(partition);
  return logs;
};

/** D1: written under another name, synced, renamed, and the name synced. */
const writeDurably = (folder: string, name: string, text: string): void => {
  const temporary = path.join(folder, `${name}.new`);
  fs.writeFileSync(temporary, text, { flush: true, mode: 0o600 });
  fs.renameSync(temporary, path.join(folder, name));
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
};

const parseFormat = (folder: string, text: string): DataFormat => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(folder, error);
  }
  const { format, id, partitions, physicalLogs } = (value ?? {}) as Partial<Record<keyof DataFormat, unknown>>;
  if (typeof format === 'number' && format !== dataFormatVersion) {
    const remedy =
      format > dataFormatVersion
        ? 'Use the version of Tutti that wrote it, or a newer one.'
        : 'Use the version that wrote it.';
    const message = `The data folder ${folder} has format ${format}; this version of Tutti knows format ${dataFormatVersion}. ${remedy}`;
    throw new TuttiError('DATA_FORMAT', message, { details: { folder, found: format, known: dataFormatVersion } });
  }
  if (format !== dataFormatVersion || typeof id !== 'string' || typeof partitions !== 'number')
    throw unreadable(folder);
  const lies = Array.isArray(physicalLogs) ? physicalLogs.flat() : [];
  const whole = lies.length === partitions && new Set(lies).size === partitions;
  if (!whole || !lies.every((one) => Number.isInteger(one) && one >= 0 && one < partitions)) throw unreadable(folder);
  return { format, id, partitions, physicalLogs: physicalLogs as number[][] };
};

const unreadable = (folder: string, cause?: unknown): TuttiError =>
  new TuttiError(
    'DATA_FORMAT',
    `The file ${formatName} in ${folder} is not one that Tutti wrote. Is this a data folder?`,
    {
      details: { folder, known: dataFormatVersion },
      ...(cause === undefined ? {} : { cause }),
    },
  );

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'Give this user the right to read and write it, or use another folder.',
  EPERM: 'Give this user the right to read and write it, or use another folder.',
  EROFS: 'It lies on a read-only file system: use another folder.',
  ENOTDIR: 'A part of its path is a file: use another folder.',
  EEXIST: 'It is a file: use another folder.',
  ENOENT: 'It cannot be made there: use another folder.',
  ENOSPC: 'The disk is full: make room, or use another folder.',
};

/** What to do about a folder that cannot be used for this reason, as a sentence. */
export const folderRemedy = (code: string): string => remedies[code] ?? 'Look at the folder, or use another one.';

const unavailable = (folder: string, error: unknown): TuttiError => {
  const code = fileErrorCode(error);
  const message = `The data folder ${folder} cannot be used (${code}). ${folderRemedy(code)}`;
  return new TuttiError('DATA_UNAVAILABLE', message, { details: { folder, code }, cause: error });
};
