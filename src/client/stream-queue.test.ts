import { describe, expect, test } from 'vitest';
import * as clientLimits from '../client-limits.ts';
import { StreamQueue } from './stream-queue.ts';

const made = () => {
  const source = { opened: 0, closed: 0 };
  const queue = new StreamQueue<number>({ open: () => source.opened++, close: () => source.closed++ });
  return { source, queue };
};
const values = async (queue: StreamQueue<number>, count: number): Promise<(number | undefined)[]> => {
  const all = [];
  for (let n = 0; n < count; n++) all.push((await queue.next()).value);
  return all;
};

describe('a stream as it is taken', () => {
  test('begins when it is first asked for, and gives what comes in its order, before or after it is asked for', async () => {
    const { source, queue } = made();
    expect(source.opened).toBe(0);
    const first = queue.next();
    const second = queue.next();
    expect(source.opened).toBe(1);
    for (const value of [1, 2, 3]) queue.put(value);
    expect([await first, await second, await queue.next()].map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  test('gives of one topic the newest alone, where it stands', async () => {
    const { queue } = made();
    void queue.next();
    queue.put(0);
    queue.put(1, 'state');
    queue.put(2);
    queue.put(3, 'state');
    queue.put(4);
    queue.end();
    expect(await values(queue, 4)).toEqual([2, 3, 4, undefined]);
  });

  test('stands still when too much is not taken, and goes on when half of it is', async () => {
    const { source, queue } = made();
    void queue.next();
    queue.put(-1);
    for (let n = 0; n < clientLimits.streamEventsMax; n++) queue.put(n);
    expect(source).toEqual({ opened: 1, closed: 1 });
    await values(queue, clientLimits.streamEventsMax / 2 - 1);
    expect(source.opened).toBe(1);
    await values(queue, 1);
    expect(source.opened).toBe(2);
  });

  test('ends after what was put; an error is told once', async () => {
    const { queue } = made();
    const waiting = queue.next();
    queue.put(1);
    queue.end(new Error('broken'));
    queue.put(2);
    expect((await waiting).value).toBe(1);
    await expect(queue.next()).rejects.toThrow('broken');
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  test('is closed by a break, and gives nothing after it', async () => {
    const { source, queue } = made();
    setImmediate(() => queue.put(1));
    for await (const value of queue) {
      expect(value).toBe(1);
      break;
    }
    expect(source).toEqual({ opened: 1, closed: 1 });
    queue.put(2);
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  test('that cannot be begun ends with the reason', async () => {
    const queue = new StreamQueue<number>({
      open: () => {
        throw new Error('closed');
      },
      close: () => undefined,
    });
    await expect(queue.next()).rejects.toThrow('closed');
  });
});
