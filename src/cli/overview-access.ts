/** How a node and its cluster do, over the node's address or through the process that holds its folder. */
import { setTimeout as pause } from 'node:timers/promises';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { askHolder } from '../node/control-socket.ts';
import type { Overview } from '../protocol/overview.ts';
import type { ListFilter, TaskStatus } from '../protocol/task-view.ts';
import { type Target, withNode } from './task-access.ts';

export type OverviewTools = {
  overview(): Promise<Overview>;
  /** The newest, about once a second, until `signal` aborts. */
  overviews(signal: AbortSignal): AsyncIterable<Overview>;
  list(filter: ListFilter): Promise<readonly TaskStatus[]>;
};

/** Rejects with `UNREACHABLE` where no node answers, with `DATA_UNAVAILABLE` where no process runs the folder. */
export const withOverviews = <Value>(target: Target, use: (tools: OverviewTools) => Promise<Value>): Promise<Value> => {
  if (target.kind === 'folder') return use(toolsOfHolder(target.folder));
  return withNode(target, (client) =>
    use({
      overview: () => client.overview(),
      overviews: (signal) => client.watchOverview({ signal }),
      list: async (filter) => (await client.list(filter)).tasks,
    }),
  );
};

const toolsOfHolder = (folder: string): OverviewTools => {
  const overview = async (): Promise<Overview> => {
    try {
      return (await askHolder(folder, 'overview')) as Overview;
    } catch (error) {
      if (!isTuttiError(error) || error.code !== 'DATA_UNAVAILABLE') throw error;
      throw new TuttiError(
        'DATA_UNAVAILABLE',
        `No process runs ${folder} now. One is started with: tutti dev app.ts. Name another folder with --data, or a node with --url.`,
        { details: { folder }, cause: error },
      );
    }
  };
  return {
    overview,
    overviews: (signal) => everySecond(overview, signal),
    list: async (filter) => (await askHolder(folder, 'list', filter)) as readonly TaskStatus[],
  };
};

async function* everySecond(ask: () => Promise<Overview>, signal: AbortSignal): AsyncIterable<Overview> {
  while (!signal.aborted) {
    yield await ask();
    await pause(limits.overviewIntervalMs, undefined, { signal }).catch(() => undefined);
  }
}
