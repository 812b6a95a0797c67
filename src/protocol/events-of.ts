/**
 * Following a task as an async iterable, over whatever carries the events. What is not taken is held, within a bound: of states
 * and progress the newest is kept, and of log lines so many; then the follow is given up, and begun again from the line after
 * them when they have been taken. So a slow reader misses no line and holds up nobody.
 */
import { limits } from '../limits.ts';
import type { TaskEvent } from './task-view.ts';

/**
 * Begins to follow a task from a log line on; returns what stops it, before it calls any of both. `end` is called when nothing
 * comes any more, with an error if the task cannot be followed.
 */
export type FollowFrom = (
  fromLog: number,
  take: (event: TaskEvent) => void,
  end: (error?: Error) => void,
) => () => void;

type EventOf<Type extends TaskEvent['type']> = Extract<TaskEvent, { readonly type: Type }>;

export type EventsOptions = {
  /** Index of the first log line that is wanted; default 0. */
  readonly fromLog?: number;
  /** Ends the iteration: it throws the signal's reason. */
  readonly signal?: AbortSignal;
};

/** Ends after `finished`. Throws why the task cannot be followed (`TASK_NOT_FOUND`, `CLOSED`), or the reason of the signal. */
export async function* eventsOf(follow: FollowFrom, { fromLog = 0, signal }: EventsOptions): AsyncGenerator<TaskEvent> {
  let state: EventOf<'state'> | undefined;
  let progress: EventOf<'progress'> | undefined;
  let lines: EventOf<'log'>[] = [];
  let taken = 0;
  let finished: EventOf<'finished'> | undefined;
  let ended: { readonly error: Error | undefined } | undefined;
  let nextLine = fromLog;
  let stop: (() => void) | undefined;
  let wake = (): void => undefined;
  const rest = (): void => {
    stop?.();
    stop = undefined;
  };
  const take = (event: TaskEvent): void => {
    if (event.type === 'state') state = event;
    else if (event.type === 'progress') progress = event;
    else if (event.type === 'finished') finished = event;
    else {
      lines.push(event);
      nextLine = event.index + 1;
      if (lines.length >= limits.followedLinesMax) rest();
    }
    wake();
  };
  const end = (error?: Error): void => {
    stop = undefined;
    ended = { error };
    wake();
  };
  const onAbort = (): void => wake();
  signal?.addEventListener('abort', onAbort);
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (state !== undefined) {
        const event = state;
        state = undefined;
        yield event;
      } else if (taken < lines.length) yield lines[taken++] as EventOf<'log'>;
      else if (progress !== undefined) {
        const event = progress;
        progress = undefined;
        yield event;
      } else if (ended !== undefined) {
        if (finished !== undefined) yield finished;
        if (ended.error !== undefined) throw ended.error;
        return;
      } else {
        lines = [];
        taken = 0;
        stop ??= follow(nextLine, take, end);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    rest();
  }
}
