/** Finds a task by its id, or by as much of its beginning as tells it from the others. */
import { TuttiError } from '../errors/tutti-error.ts';
import type { ListFilter, TaskStatus } from '../protocol/task-view.ts';
import { isTaskId } from '../values/task-id.ts';

export type TaskFinder = {
  list(filter: ListFilter): Promise<readonly TaskStatus[]>;
  status(id: string): Promise<TaskStatus | undefined>;
};

const prefixPattern = /^[0-9A-HJKMNP-TV-Z]{1,26}$/;
const shownMax = 5;

/** Throws `TASK_NOT_FOUND`, which lists the candidates where there are several. */
export const findTask = async (tasks: TaskFinder, idPrefix: string): Promise<TaskStatus> => {
  const prefix = idPrefix.toUpperCase();
  if (isTaskId(prefix)) {
    const status = await tasks.status(prefix);
    if (status !== undefined) return status;
    throw notFound(idPrefix, `There is no task ${prefix} here. It may have been removed after its retention time.`);
  }
  if (!prefixPattern.test(prefix))
    throw notFound(idPrefix, `${JSON.stringify(idPrefix)} is no task id, nor the beginning of one. See: tutti list`);
  const found = await tasks.list({ idPrefix: prefix, limit: shownMax + 1 });
  const [only, ...others] = found;
  if (only === undefined) throw notFound(idPrefix, `There is no task whose id begins with ${prefix}. See: tutti list`);
  if (others.length === 0) return only;
  const ids = found.slice(0, shownMax).map(({ id, name }) => `${id} (${name})`);
  const more = found.length > shownMax ? ', and more' : '';
  throw notFound(idPrefix, `Several tasks have ids that begin with ${prefix}: ${ids.join(', ')}${more}.`);
};

const notFound = (id: string, message: string): TuttiError =>
  new TuttiError('TASK_NOT_FOUND', message, { details: { id } });
