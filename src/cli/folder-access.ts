/**
 * A data folder from outside: through the process that holds it, or, where none does, by opening it. A process that is about
 * to take or leave the folder is waited for, a few seconds.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isTuttiError } from '../errors/tutti-error.ts';
import { askHolder } from '../node/control-socket.ts';
import type { Tutti } from '../node/open.ts';
import { openFolder } from '../node/open-folder.ts';
import type { LogLevel } from '../node/options.ts';
import type { ListFilter, LogLine, TaskStatus } from '../protocol/task-view.ts';

export type FolderTools = Pick<Tutti, 'list' | 'status' | 'cancel' | 'retry' | 'logs'>;

const waitMs = 5_000;
const againMs = 100;

/** Runs `use` on a folder (`held`: through its holder); it may be run again if the folder changes hands meanwhile. */
export const withFolder = async <Value>(
  folder: string,
  logLevel: LogLevel,
  use: (tools: FolderTools, held: boolean) => Promise<Value>,
): Promise<Value> => {
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    try {
      return await use(toolsOfHolder(folder), true);
    } catch (error) {
      if (!isTuttiError(error) || error.code !== 'DATA_UNAVAILABLE') throw error;
    }
    try {
      const opened = await openFolder(folder, logLevel);
      try {
        return await use(opened, false);
      } finally {
        await opened.close();
      }
    } catch (error) {
      if (!isTuttiError(error) || error.code !== 'DATA_LOCKED' || performance.now() > giveUpAt) throw error;
    }
    await pause(againMs);
  }
};

const toolsOfHolder = (folder: string): FolderTools => ({
  list: async (filter: ListFilter = {}) => (await askHolder(folder, 'list', filter)) as readonly TaskStatus[],
  status: async (id) => (await askHolder(folder, 'status', id)) as TaskStatus | undefined,
  cancel: async (id) => {
    await askHolder(folder, 'cancel', id);
  },
  retry: async (id) => {
    await askHolder(folder, 'retry', id);
  },
  logs: async (id) => (await askHolder(folder, 'logs', id)) as readonly LogLine[],
});
