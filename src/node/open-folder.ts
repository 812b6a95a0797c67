/**
 * Opens a data folder without its app: to look at its tasks, and to cancel or retry some. No user code runs; what is ready to
 * run waits for the next node that has the app.
 */
import { readDataFormat } from '../engine/embedded/data-folder.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Tutti } from './open.ts';
import { startNode } from './open.ts';
import { checkOptions, type LogLevel } from './options.ts';

export type OpenedFolder = Pick<Tutti, 'list' | 'status' | 'cancel' | 'retry' | 'logs' | 'events' | 'close'>;

/**
 * Unlike `open`, this makes no folder. A task that was running when the folder's last process was killed has that counted as a
 * crash, as the next `open` would have.
 *
 * Throws `DATA_UNAVAILABLE`, `DATA_LOCKED`, `DATA_FORMAT`, `LOG_DAMAGED`, `STORE_FAILED`.
 */
export const openFolder = async (folder: string, logLevel: LogLevel): Promise<OpenedFolder> => {
  const settings = checkOptions({ module: 'data:text/javascript,', data: folder, logLevel });
  if (readDataFormat(folder) === undefined)
    throw new TuttiError(
      'DATA_UNAVAILABLE',
      `${folder} is no data folder: nothing has run there yet. Name the one that was used with --data DIR.`,
      { details: { folder } },
    );
  return startNode({ ...settings, executors: 0, fingerprint: undefined }, undefined);
};
