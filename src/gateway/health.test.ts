import { expect, test, vi } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Overview } from '../protocol/overview.ts';
import { encodeValue } from '../values/codec.ts';
import { examine, Health } from './health.ts';

/** Canary tasks that end when the test says so, and a clock that it sets. */
const world = () => {
  const ends: { ok: (ms: number) => void; fail: (error: Error) => void }[] = [];
  const clock = { now: 0 };
  const canary = (): Promise<number> => new Promise((ok, fail) => ends.push({ ok, fail }));
  return { ends, clock, health: new Health(canary, () => clock.now) };
};

test('one canary task serves all who ask while it runs, and a moment after', async () => {
  const { ends, clock, health } = world();
  const asked = [health.check(), health.check()];
  ends[0]?.ok(3);
  expect(await Promise.all(asked)).toEqual([3, 3]);
  clock.now = limits.gatewayCanaryKeptMs - 1;
  expect(await health.check()).toBe(3);
  expect(ends.length).toBe(1);
  clock.now = limits.gatewayCanaryKeptMs;
  const next = health.check();
  ends[1]?.ok(4);
  expect(await next).toBe(4);
});

test('one that does not come through says that the node is not ready, and the next is asked anew', async () => {
  const { ends, clock, health } = world();
  const late = health.check();
  ends[0]?.fail(new Error('too late'));
  await expect(late).rejects.toMatchObject({ code: 'NOT_READY', retry: 'later' });
  clock.now = limits.gatewayCanaryKeptMs;
  const next = health.check();
  ends[1]?.fail(new TuttiError('CLOSED', 'closed'));
  await expect(next).rejects.toMatchObject({ code: 'CLOSED' });
});

const backend = (cluster: object | undefined, canary: Promise<number>) => ({
  canary: () => canary,
  overview: () => Promise.resolve(encodeValue({ cluster } as unknown as Overview)),
});
const never = new Promise<never>(() => {});

test('a node alone is asked by a canary task', async () => {
  expect(await examine(backend(undefined, Promise.resolve(5)))).toBe(5);
  const late = Promise.reject(new TuttiError('NOT_READY', 'late'));
  await expect(examine(backend(undefined, late))).rejects.toMatchObject({ message: 'late' });
});

test('one of a cluster is judged by what it says of itself, and sends no task that might run at another', async () => {
  const faults = (['cutOff', 'memberUnhealthy'] as const).map((kind) => ({
    ...{ kind, what: `${kind}.`, member: 'n1', since: new Date(0) },
  }));
  for (const fault of faults) {
    await expect(examine(backend({ self: 'n1', faults: [fault] }, never))).rejects.toMatchObject({
      code: 'NOT_READY',
      message: expect.stringContaining(fault.kind),
    });
    expect(await examine(backend({ self: 'n2', faults: [fault] }, never))).toBeUndefined();
  }
  expect(await examine(backend({ self: 'n1', faults: [] }, never))).toBeUndefined();
});

test('one that does not say how it is in time is not ready', async () => {
  vi.useFakeTimers();
  try {
    const asked = expect(examine({ canary: () => never, overview: () => never })).rejects.toMatchObject({
      code: 'NOT_READY',
      message: expect.stringContaining('did not say'),
    });
    await vi.advanceTimersByTimeAsync(limits.canaryMs);
    await asked;
  } finally {
    vi.useRealTimers();
  }
});
