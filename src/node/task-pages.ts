/** Pages of tasks over all partitions. Every partition answers with a page of its own, and says how far it has looked. */
import { limits } from '../limits.ts';
import type { ListFilter, TaskPage, TaskStatus } from '../protocol/task-view.ts';
import { taskIdOfKey, taskKey } from '../values/task-id.ts';

/** One page of at most `limit` tasks: it goes as far down as all partitions have looked. */
export const mergePages = (pages: readonly TaskPage[], limit: number): TaskPage => {
  let down = '';
  for (const { cursor } of pages) if (cursor !== undefined && taskKey(cursor) > down) down = taskKey(cursor);
  const keyed = pages.flatMap(({ tasks }) => tasks.map((task) => [taskKey(task.id), task] as const));
  const seen = keyed.filter(([key]) => key >= down).sort(([a], [b]) => (a < b ? 1 : -1));
  const shown = seen.slice(0, limit);
  const last = seen.length > limit ? shown.at(-1)?.[0] : down === '' ? undefined : down;
  return { tasks: shown.map(([, task]) => task), cursor: last === undefined ? undefined : taskIdOfKey(last) };
};

/** Page after page, until there are as many tasks as the filter says, or all; without a limit, `limits.listPageMax`. */
export const collectPages = async (
  page: (filter: ListFilter) => Promise<TaskPage>,
  filter: ListFilter,
): Promise<readonly TaskStatus[]> => {
  const limit = filter.limit ?? limits.listPageMax;
  const all: TaskStatus[] = [];
  for (let cursor = filter.cursor; ; ) {
    const wanted = Math.min(limit - all.length, limits.listPageMax);
    const { tasks, cursor: next } = await page({
      ...filter,
      limit: wanted,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const task of tasks) all.push(task);
    if (next === undefined || all.length >= limit) return all;
    cursor = next;
  }
};
