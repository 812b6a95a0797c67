/**
 * Tasks from outside: those of a node, over its gateway, or those of a data folder, through the process that holds it or, where none
 * does, by opening it. What is done with them is the same.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type RemoteClient } from '../client/client.ts';
import { type EventsOptions, eventsOf, followUntil } from '../client/task-events.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { askHolder, followHolder } from '../node/control-socket.ts';
import { openFolder } from '../node/open-folder.ts';
import type { LogLevel } from '../node/options.ts';
import { collectPages } from '../node/task-pages.ts';
import type { ListFilter, LogLine, TaskEvent, TaskStatus } from '../protocol/task-view.ts';

/** What is asked for. */
export type Target =
  | { readonly kind: 'node'; readonly url: string; readonly token: string | undefined }
  | { readonly kind: 'folder'; readonly folder: string; readonly logLevel: LogLevel };

/** Over what it is reached; `opened`: by this process, so that no task runs meanwhile. */
export type Reach = 'node' | 'holder' | 'opened';

export type TaskTools = {
  list(filter: ListFilter): Promise<readonly TaskStatus[]>;
  status(id: string): Promise<TaskStatus | undefined>;
  cancel(id: string): Promise<void>;
  retry(id: string): Promise<void>;
  logs(id: string): Promise<readonly LogLine[]>;
  /** Up to the task's end. */
  events(id: string, options?: EventsOptions): AsyncIterable<TaskEvent>;
};

/** A process that is about to take or leave a folder is waited for. */
const folderWaitMs = 5_000;
const againMs = 100;
/** A node that is starting again is waited for so long; one that takes the connection and is slow, longer (K3 in `client/link.ts`). */
const nodeWaitMs = 5_000;

/** Runs `use` on the tasks; on a folder it may be run again if that changes hands meanwhile. */
export const withTasks = <Value>(
  target: Target,
  use: (tools: TaskTools, reach: Reach) => Promise<Value>,
): Promise<Value> =>
  target.kind === 'node'
    ? withNode(target, (client) => use(toolsOfNode(client), 'node'))
    : withFolder(target.folder, target.logLevel, use);

/** Runs `use` with a client of a node. Rejects with `UNREACHABLE` where none answers. */
export const withNode = async <Value>(
  { url, token }: Extract<Target, { kind: 'node' }>,
  use: (client: RemoteClient) => Promise<Value>,
): Promise<Value> => {
  const client = connect(url, { giveUpAfter: nodeWaitMs, ...(token === undefined ? {} : { token }) });
  try {
    return await use(client);
  } catch (error) {
    if (!isTuttiError(error) || error.code !== 'UNREACHABLE') throw error;
    throw new TuttiError('UNREACHABLE', `No node answers at ${url}. One is started with: tutti dev app.ts`, {
      details: error.details,
      cause: error,
    });
  } finally {
    await client.close();
  }
};

const withFolder = async <Value>(
  folder: string,
  logLevel: LogLevel,
  use: (tools: TaskTools, reach: Reach) => Promise<Value>,
): Promise<Value> => {
  const giveUpAt = performance.now() + folderWaitMs;
  for (;;) {
    try {
      return await use(toolsOfHolder(folder), 'holder');
    } catch (error) {
      if (!isTuttiError(error) || error.code !== 'DATA_UNAVAILABLE') throw error;
    }
    try {
      const opened = await openFolder(folder, logLevel);
      try {
        return await use(opened, 'opened');
      } finally {
        await opened.close();
      }
    } catch (error) {
      if (!isTuttiError(error) || error.code !== 'DATA_LOCKED' || performance.now() > giveUpAt) throw error;
    }
    await pause(againMs);
  }
};

const toolsOfNode = (client: RemoteClient): TaskTools => ({
  list: (filter) => collectPages((page) => client.list(page), filter),
  status: (id) => client.status(id),
  cancel: (id) => client.cancel(id),
  retry: (id) => client.retry(id),
  logs: (id) => client.logs(id),
  events: (id, options) => client.follow(id, options),
});

const toolsOfHolder = (folder: string): TaskTools => ({
  list: async (filter) => (await askHolder(folder, 'list', filter)) as readonly TaskStatus[],
  status: async (id) => (await askHolder(folder, 'status', id)) as TaskStatus | undefined,
  cancel: async (id) => {
    await askHolder(folder, 'cancel', id);
  },
  retry: async (id) => {
    await askHolder(folder, 'retry', id);
  },
  logs: async (id) => (await askHolder(folder, 'logs', id)) as readonly LogLine[],
  events: (id, options = {}) =>
    eventsOf(
      followUntil(options.signal, (from, take, end) => followHolder(folder, id, from(), take, end)),
      options,
    ),
});
