import { expect, test } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { eventsOf, type FollowFrom } from './events-of.ts';
import type { TaskEvent } from './task-view.ts';

const line = (index: number): TaskEvent => ({
  type: 'log',
  index,
  time: new Date(0),
  level: 'info',
  message: `${index}`,
  fields: undefined,
  attempt: 1,
});
const state = (steps: number): TaskEvent => ({ type: 'state', state: 'running', attempts: 1, steps });
const finished: TaskEvent = { type: 'finished', ok: true, value: 1 };

/** A task that is followed: what is told goes to whoever follows it now. */
class Told {
  readonly begun: number[] = [];
  stopped = 0;
  take: ((event: TaskEvent) => void) | undefined;
  end: ((error?: Error) => void) | undefined;
  readonly follow: FollowFrom = (fromLog, take, end) => {
    this.begun.push(fromLog);
    this.take = take;
    this.end = end;
    return () => {
      this.stopped++;
      this.take = undefined;
    };
  };
}

/** Everything that is ready to run runs. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('events come in order, of states and progress the newest, and it ends after the last', async () => {
  const told = new Told();
  const events = eventsOf(told.follow, { fromLog: 3 });
  const first = events.next();
  expect(told.begun).toEqual([3]);
  for (const event of [state(0), line(3), state(1), { type: 'progress', done: 1, total: 2 } as const, line(4)])
    told.take?.(event);
  expect((await first).value).toEqual(state(1));
  told.take?.(finished);
  told.end?.();
  const rest: TaskEvent[] = [];
  for await (const event of events) rest.push(event);
  expect(rest).toEqual([line(3), line(4), { type: 'progress', done: 1, total: 2 }, finished]);
  expect([told.begun, told.stopped]).toEqual([[3], 0]);
});

test('a reader that is slow is told every line once: the follow rests while it has enough, and goes on from there', async () => {
  const told = new Told();
  const events = eventsOf(told.follow, {});
  const first = events.next();
  let written = 0;
  const write = (): void => {
    while (told.take !== undefined && written < 2.5 * limits.followedLinesMax) told.take(line(written++));
  };
  write();
  expect([written, told.stopped]).toEqual([limits.followedLinesMax, 1]);
  const lines = [(await first).value];
  while (lines.length < 2.5 * limits.followedLinesMax) {
    const next = events.next();
    await settled();
    write();
    lines.push((await next).value);
  }
  expect(lines.map((event) => event?.type === 'log' && event.index)).toEqual(lines.map((_, index) => index));
  expect(told.begun).toEqual([0, limits.followedLinesMax, 2 * limits.followedLinesMax]);
});

test('whoever leaves, or gives a signal, is followed no more', async () => {
  const told = new Told();
  for await (const event of eventsOf((...args) => {
    const stop = told.follow(...args);
    setImmediate(() => told.take?.(state(0)));
    return stop;
  }, {})) {
    expect(event).toEqual(state(0));
    break;
  }
  expect(told.stopped).toBe(1);
  const giveUp = new AbortController();
  const events = eventsOf(told.follow, { signal: giveUp.signal });
  const next = events.next();
  giveUp.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  expect(told.stopped).toBe(2);
  await expect(eventsOf(told.follow, { signal: giveUp.signal }).next()).rejects.toThrow('enough');
  expect(told.begun.length).toBe(2);
});

test('why a task cannot be followed is thrown, after what was told before', async () => {
  const told = new Told();
  const events = eventsOf(told.follow, {});
  const first = events.next();
  told.take?.(line(0));
  told.end?.(new TuttiError('CLOSED', 'The node was closed.'));
  expect((await first).value).toEqual(line(0));
  await expect(events.next()).rejects.toMatchObject({ code: 'CLOSED' });
});
