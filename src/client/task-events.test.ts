import { expect, test } from 'vitest';
import * as clientLimits from '../client-limits.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { TaskEvent } from '../protocol/task-view.ts';
import { eventsOf, type FollowFrom, followUntil } from './task-events.ts';

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
  /** Where it would go on if whatever carries it had to begin anew. */
  from = (): number => Number.NaN;
  readonly follow: FollowFrom = (from, take, end) => {
    this.begun.push(from());
    this.from = from;
    this.take = take;
    this.end = end;
    return () => {
      this.stopped++;
      this.take = undefined;
    };
  };
}

test('events come in order, of states and progress the newest that was not taken, and it ends after the last', async () => {
  const told = new Told();
  const events = eventsOf(told.follow, { fromLog: 3 });
  expect(told.begun).toEqual([]);
  const first = events.next();
  expect(told.begun).toEqual([3]);
  for (const event of [state(0), line(3), state(1), { type: 'progress', done: 1, total: 2 } as const, line(4)])
    told.take?.(event);
  expect((await first).value).toEqual(state(0));
  told.take?.(state(2));
  told.take?.(finished);
  told.end?.();
  expect(await Array.fromAsync(events)).toEqual([
    line(3),
    { type: 'progress', done: 1, total: 2 },
    line(4),
    state(2),
    finished,
  ]);
  expect(told.begun).toEqual([3]);
});

test('a line that is told again, because its follow had to begin anew, is given once', async () => {
  const told = new Told();
  const events = eventsOf(told.follow, {});
  const first = events.next();
  told.take?.(line(0));
  expect((await first).value).toEqual(line(0));
  expect(told.from()).toBe(1);
  for (const event of [line(0), line(1), finished]) told.take?.(event);
  expect(await Array.fromAsync(events)).toEqual([line(1), finished]);
});

test('a reader that is slow is told every line once: the follow rests while it has enough, and goes on from there', async () => {
  const told = new Told();
  const events = eventsOf(told.follow, {});
  const first = events.next();
  const most = clientLimits.streamEventsMax;
  let written = 0;
  const write = (): void => {
    while (told.take !== undefined && written < 2.5 * most) told.take(line(written++));
  };
  write();
  // The first one went to who waited for it.
  expect([written, told.stopped]).toEqual([most + 1, 1]);
  const lines = [(await first).value];
  while (lines.length < 2.5 * most) {
    const next = events.next();
    write();
    lines.push((await next).value);
  }
  expect(lines.map((event) => event?.type === 'log' && event.index)).toEqual(lines.map((_, index) => index));
  expect(told.begun.slice(0, 2)).toEqual([0, most + 1]);
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
  const events = eventsOf(followUntil(giveUp.signal, told.follow), {});
  const next = events.next();
  giveUp.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  expect(told.stopped).toBe(2);
  await expect(eventsOf(followUntil(giveUp.signal, told.follow), {}).next()).rejects.toThrow('enough');
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
