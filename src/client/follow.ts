/**
 * Streams as users take them. A follow goes on behind the last log line that it gave, whatever connections it went over, and
 * tells nothing twice.
 */
import type { Overview } from '../protocol/overview.ts';
import type { TaskEvent, TaskPage } from '../protocol/task-view.ts';
import { decodeValue } from '../values/codec.ts';
import type { ClientCore } from './client-core.ts';
import { StreamQueue } from './stream-queue.ts';

export type FollowOptions = {
  /** Index of the first log line wanted. Default: 0, all. */
  readonly fromLog?: number;
  readonly signal?: AbortSignal;
};

export type WatchOptions = { readonly signal?: AbortSignal };

export const followTask = (core: ClientCore, id: string, options: FollowOptions): AsyncIterableIterator<TaskEvent> => {
  let nextLog = options.fromLog ?? 0;
  /** The newest of each kind that is told again whenever it begins anew. */
  const told = new Map<string, string>();
  let stop = (): void => undefined;
  const queue = new StreamQueue<TaskEvent>({
    open: () => {
      stop = core.ask({
        kind: 'stream',
        method: 'follow',
        args: () => [id, nextLog],
        id: () => id,
        signal: options.signal,
        event: take,
        done: () => queue.end(),
        failed: (error) => queue.end(error),
      });
    },
    close: () => stop(),
  });
  const take = (text: string): void => {
    const event = decodeValue(text) as TaskEvent;
    if (event.type === 'log') {
      const index = (event as { readonly index?: number }).index ?? nextLog;
      if (index < nextLog) return;
      nextLog = index + 1;
      queue.put(event);
    } else if (event.type === 'finished') {
      queue.put(event);
      stop();
      queue.end();
    } else if (told.get(event.type) !== text) {
      told.set(event.type, text);
      queue.put(event, event.type);
    }
  };
  return queue;
};

/** Of what is the same question again and again: only the newest answer counts. */
const watch = <T>(
  core: ClientCore,
  method: 'watchOverview' | 'watchTasks',
  args: [] | [string],
  options: WatchOptions,
): AsyncIterableIterator<T> => {
  let stop = (): void => undefined;
  let told: string | undefined;
  const queue = new StreamQueue<T>({
    open: () => {
      stop = core.ask({
        kind: 'stream',
        method,
        args: () => args as [string],
        signal: options.signal,
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

export const watchOverview = (core: ClientCore, options: WatchOptions): AsyncIterableIterator<Overview> =>
  watch(core, 'watchOverview', [], options);

export const watchTasks = (core: ClientCore, filter: string, options: WatchOptions): AsyncIterableIterator<TaskPage> =>
  watch(core, 'watchTasks', [filter], options);
