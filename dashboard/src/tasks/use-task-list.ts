/** The tasks that match a filter: more when they are wanted, and current while the page is there. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ListFilter, TaskPage } from '../../../src/protocol/task-view.ts';
import { link } from '../link/session.ts';
import { useStream } from '../link/use-stream.ts';
import { addPage, firstPage, noPages, pageAt, renewPage, type TaskPages } from './task-pages.ts';

/** The newest tasks, which are asked for whenever something changes, and what is below them. */
const newestTasks = 100;
const pageTasks = 500;
/** A node looks at a bounded number of tasks for each answer: it is asked so often at most, before the reader must ask. */
const asksMax = 25;

export type TaskListView = {
  readonly pages: TaskPages;
  /** The first answer is not there yet. */
  readonly loading: boolean;
  readonly error: unknown;
  readonly loadMore: () => void;
  /** Says which row is the first in sight. */
  readonly seen: (first: number) => void;
};

/** Of one filter: what is there of its tasks, and whether more is asked for. */
type Current = { pages: TaskPages; busy: boolean; first: number; over: boolean };

export const useTaskList = (filter: ListFilter, filterText: string): TaskListView => {
  const node = link.value;
  const [pages, setPages] = useState(noPages);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>();
  const current = useRef<Current>({ pages, busy: false, first: 0, over: false });

  const show = (of: Current, next: TaskPages): void => {
    if (of.over) return;
    of.pages = next;
    setPages(next);
    setLoading(false);
    setError(undefined);
  };

  /** The tasks from a cursor on: at least one, where the node has any. */
  const ask = async (cursor: string): Promise<TaskPage> => {
    let page = await node.list({ ...filter, limit: pageTasks, cursor });
    for (let asked = 1; page.tasks.length === 0 && page.cursor !== undefined && asked < asksMax; asked++)
      page = await node.list({ ...filter, limit: pageTasks, cursor: page.cursor });
    return page;
  };

  /** One request at a time. */
  const request = async (cursor: string, take: (of: Current, page: TaskPage) => TaskPages): Promise<void> => {
    const of = current.current;
    if (of.busy) return;
    of.busy = true;
    try {
      const page = await ask(cursor);
      show(of, take(of, page));
    } catch (problem) {
      if (!of.over) setError(problem);
    } finally {
      of.busy = false;
    }
  };

  const loadMore = (): void => {
    const { more } = current.current.pages;
    if (more !== undefined) void request(more, (of, page) => addPage(of.pages, page));
  };

  // Another filter, or another link, is another list.
  useEffect(() => {
    const of: Current = { pages: noPages, busy: false, first: 0, over: false };
    current.current = of;
    setPages(noPages);
    setLoading(true);
    return () => {
      of.over = true;
    };
  }, [node, filterText]);

  useStream(
    (from, signal) => from.pages({ ...filter, limit: newestTasks }, signal),
    (page) => {
      const of = current.current;
      if (of.pages.starts.length === 0) {
        show(of, firstPage(page));
        // Where the newest tasks are not like that, older ones may be.
        if (page.tasks.length === 0) loadMore();
        return;
      }
      show(of, renewPage(of.pages, 0, page));
      const index = pageAt(of.pages, of.first);
      const cursor = of.pages.starts[index]?.cursor;
      if (cursor !== undefined) void request(cursor, (now, below) => renewPage(now.pages, index, below));
    },
    setError,
    [filterText],
  );

  return {
    pages,
    loading,
    error,
    loadMore,
    seen: (first) => {
      current.current.first = first;
    },
  };
};
