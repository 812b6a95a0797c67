import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nodeEnv } from './node.ts';

describe('the Env of a real process', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('T8: a timer of 30 days fires after 30 days, not after a millisecond', () => {
    const day = 86_400_000;
    const fire = vi.fn<() => void>();
    nodeEnv().timers.after(30 * day, fire);
    vi.advanceTimersByTime(30 * day - 1);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(100 * day);
    expect(fire).toHaveBeenCalledTimes(1);
  });

  test('T8: no stretch of a long timer is longer than the runtime can count', () => {
    const stretches = vi.spyOn(globalThis, 'setTimeout');
    nodeEnv().timers.after(2 ** 33, () => undefined);
    vi.runAllTimers();
    const delays = stretches.mock.calls.map(([, delay]) => delay ?? 0);
    expect(Math.max(...delays)).toBe(2 ** 31 - 1);
    expect(delays.reduce((sum, delay) => sum + delay, 0)).toBe(2 ** 33);
  });

  test('a timer that is cancelled does not fire, in its first stretch or a later one', () => {
    const fire = vi.fn<() => void>();
    const { timers } = nodeEnv();
    timers.after(10, fire)();
    const cancelLong = timers.after(2 ** 32, fire);
    vi.advanceTimersByTime(2 ** 31 + 5);
    cancelLong();
    vi.advanceTimersByTime(2 ** 33);
    expect(fire).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('random bytes are as many as asked for, the caller’s own, and do not repeat', () => {
    const { random } = nodeEnv();
    const seen = new Set<string>();
    for (let index = 0; index < 2_000; index++) {
      const bytes = random.bytes(9);
      expect(bytes.length).toBe(9);
      seen.add(bytes.join());
      bytes.fill(0);
    }
    expect(seen.size).toBe(2_000);
    expect(random.bytes(0).length).toBe(0);
    expect(random.bytes(4096).length).toBe(4096);
    expect(new Set(random.bytes(200_000).subarray(-10_000)).size).toBe(256);
    expect(random.fraction()).toBeLessThan(1);
  });

  test('events go to the sink, or nowhere', () => {
    const emit = vi.fn<(name: string, fields: Readonly<Record<string, unknown>>) => void>();
    nodeEnv({ emit }).events.emit('partition.epoch', { epoch: 1 });
    expect(emit).toHaveBeenCalledWith('partition.epoch', { epoch: 1 });
    expect(() => nodeEnv().events.emit('x', {})).not.toThrow();
  });
});
