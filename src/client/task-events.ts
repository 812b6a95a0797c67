/**
 * Following a task as an async iterable, over whatever carries its events: each log line once and in order, of states and progress
 * the newest. What is not taken is held, within a bound; beyond it the follow is given up, and begun again from the next line when
 * enough has been taken. So a slow reader misses no line and holds up nobody.
 */
import type { TaskEvent } from '../protocol/task-view.ts';
import { StreamQueue } from './stream-queue.ts';

/**
 * Begins to follow a task from a log line on, and goes on from the line that `from` tells then wherever it has to begin anew by
 * itself. Returns what stops it. `end` is called when nothing comes any more, with an error if the task cannot be followed.
 */
export type FollowFrom = (
  from: () => number,
  take: (event: TaskEvent) => void,
  end: (error?: Error) => void,
) => () => void;

export type EventsOptions = {
  /** Index of the first log line that is wanted; default 0, all. */
  readonly fromLog?: number;
  /** Ends the iteration: after what has come already it throws the signal's reason. */
  readonly signal?: AbortSignal;
};

/**
 * Begins when it is first asked for an event, and ends after `finished`. Throws why the task cannot be followed (`TASK_NOT_FOUND`,
 * `CLOSED`). The signal is for `follow` to look at: `followUntil`.
 */
export const eventsOf = (
  follow: FollowFrom,
  { fromLog = 0 }: Pick<EventsOptions, 'fromLog'>,
): AsyncIterableIterator<TaskEvent> => {
  let next = fromLog;
  let stop = (): void => undefined;
  const queue = new StreamQueue<TaskEvent>({
    open: () => {
      stop = follow(() => next, take, end);
    },
    close: () => stop(),
  });
  const end = (error?: Error): void => queue.end(error);
  const take = (event: TaskEvent): void => {
    if (event.type === 'log') {
      if (event.index < next) return;
      next = event.index + 1;
      queue.put(event);
    } else if (event.type === 'finished') {
      queue.put(event);
      stop();
      queue.end();
    } else queue.put(event, event.type);
  };
  return queue;
};

/** A follow that ends when the signal says so, with its reason. */
export const followUntil =
  (signal: AbortSignal | undefined, follow: FollowFrom): FollowFrom =>
  (from, take, end) => {
    signal?.throwIfAborted();
    let stop = (): void => undefined;
    const ended = (error?: Error): void => {
      signal?.removeEventListener('abort', aborted);
      end(error);
    };
    const aborted = (): void => {
      stop();
      ended(signal?.reason);
    };
    signal?.addEventListener('abort', aborted);
    stop = follow(from, take, ended);
    return () => {
      signal?.removeEventListener('abort', aborted);
      stop();
    };
  };
