/**
 * A long list of tasks, as much of it as was asked for, kept current page by page. Pure.
 *
 * L1  Tasks stand in the order of the node, the newest first, each once.
 * L2  A page that is asked for again takes the place of what stood there: of all from its first to its last task.
 */
import type { TaskPage, TaskStatus } from '../../../src/protocol/task-view.ts';

export type TaskPages = {
  readonly tasks: readonly TaskStatus[];
  /** Where pages begin that may be asked for again: index of their first task (as loaded) by cursor; the first page has none. */
  readonly starts: readonly { readonly cursor: string | undefined; readonly after: string | undefined }[];
  /** Goes on below the last task; undefined: that is all. */
  readonly more: string | undefined;
};

export const noPages: TaskPages = { tasks: [], starts: [], more: undefined };

export const firstPage = ({ tasks, cursor }: TaskPage): TaskPages => ({
  tasks,
  starts: [{ cursor: undefined, after: undefined }],
  more: cursor,
});

/** With what comes below. */
export const addPage = (pages: TaskPages, { tasks, cursor }: TaskPage): TaskPages => {
  const known = new Set(pages.tasks.map(({ id }) => id));
  return {
    tasks: [...pages.tasks, ...tasks.filter(({ id }) => !known.has(id))],
    starts: [...pages.starts, { cursor: pages.more, after: pages.tasks.at(-1)?.id }],
    more: cursor,
  };
};

/** The page that shows the task at `index`: the last one that begins at or above it. */
export const pageAt = (pages: TaskPages, index: number): number => {
  const places = new Map(pages.tasks.map(({ id }, place) => [id, place]));
  let found = 0;
  for (const [page, { after }] of pages.starts.entries()) {
    const place = after === undefined ? 0 : places.get(after);
    if (place !== undefined && place < Math.max(1, index)) found = page;
  }
  return found;
};

/** With page number `page` as it is now. What it no longer reaches stays, or is let go where the two do not meet. */
export const renewPage = (pages: TaskPages, page: number, { tasks, cursor }: TaskPage): TaskPages => {
  const start = pages.starts[page];
  if (start === undefined) return pages;
  const after = start.after === undefined ? -1 : pages.tasks.findIndex(({ id }) => id === start.after);
  if (start.after !== undefined && after === -1) return pages;
  const above = pages.tasks.slice(0, after + 1);
  const fresh = [...above, ...tasks];
  const places = new Map(pages.tasks.map(({ id }, place) => [id, place]));
  const meets = tasks.findLast(({ id }) => places.has(id));
  if (cursor === undefined || meets === undefined) {
    return { tasks: fresh, starts: pages.starts.slice(0, page + 1), more: cursor };
  }
  const known = new Set(fresh.map(({ id }) => id));
  const below = pages.tasks.slice((places.get(meets.id) ?? 0) + 1).filter(({ id }) => !known.has(id));
  const kept = new Set([...known, ...below.map(({ id }) => id)]);
  return {
    tasks: [...fresh, ...below],
    starts: pages.starts.filter(({ after: id }) => id === undefined || kept.has(id)),
    more: below.length === 0 ? cursor : pages.more,
  };
};
