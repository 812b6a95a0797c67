/**
 * Streams as users take them. A follow goes on behind the last log line that it gave, whatever connections it went over, and
 * tells nothing twice.
 */
import type { Overview } from '../protocol/overview.ts';
import type { TaskEvent, TaskPage } from '../protocol/task-view.ts';
import { decodeValue } from '../values/codec.ts';
import type { ClientCore } from './client-core.ts';
import { StreamQueue } from './stream-queue.ts';
import { type EventsOptions, eventsOf } from './task-events.ts';

export type WatchOptions = { readonly signal?: AbortSignal };

export const followTask = (
  core: ClientCore,
  id: string,
  { fromLog = 0, signal }: EventsOptions,
): AsyncIterableIterator<TaskEvent> => {
  /** The newest of each kind that is told again whenever it begins anew. */
  const told = new Map<string, string>();
  return eventsOf(
    (from, take, end) =>
      core.ask({
        kind: 'stream',
        method: 'follow',
        args: () => [id, from()],
        id: () => id,
        signal,
        event: (text) => {
          const event = decodeValue(text) as TaskEvent;
          if (event.type === 'state' || event.type === 'progress') {
            if (told.get(event.type) === text) return;
            told.set(event.type, text);
          }
          take(event);
        },
        done: () => end(),
        failed: end,
      }),
    { fromLog },
  );
};

/** Of what is the same question again and again: only the newest answer counts. */
const watch = <T>(
  core: ClientCore,
  method: 'watchOverview' | 'watchTasks',
  args: [] | [string],
  options: WatchOptions | undefined,
): AsyncIterableIterator<T> => {
  let stop = (): void => undefined;
  let told: string | undefined;
  const queue = new StreamQueue<T>({
    open: () => {
      stop = core.ask({
        kind: 'stream',
        method,
        args: () => args as [string],
        signal: options?.signal,
        event: (text) => {
          if (text === told) return;
          told = text;
          queue.put(decodeValue(text) as T, 'newest');
        },
        done: () => queue.end(),
        failed: (error) => queue.end(error),
      });
    },
    close: () => stop(),
  });
  return queue;
};

export const watchOverview = (core: ClientCore, options: WatchOptions | undefined): AsyncIterableIterator<Overview> =>
  watch(core, 'watchOverview', [], options);

export const watchTasks = (
  core: ClientCore,
  filter: string,
  options: WatchOptions | undefined,
): AsyncIterableIterator<TaskPage> => watch(core, 'watchTasks', [filter], options);
