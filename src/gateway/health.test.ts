import { expect, test } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { Health } from './health.ts';

/** Canary tasks that end when the test says so, and a clock that it sets. */
const world = () => {
  const ends: { ok: (ms: number) => void; fail: (error: Error) => void }[] = [];
  const clock = { now: 0 };
  const canary = (): Promise<number> => new Promise((ok, fail) => ends.push({ ok, fail }));
  return { ends, clock, health: new Health(canary, () => clock.now) };
};

test('one canary task serves all who ask while it runs, and a moment after', async () => {
  const { ends, clock, health } = world();
  const asked = [health.canary(), health.canary()];
  ends[0]?.ok(3);
  expect(await Promise.all(asked)).toEqual([3, 3]);
  clock.now = limits.gatewayCanaryKeptMs - 1;
  expect(await health.canary()).toBe(3);
  expect(ends.length).toBe(1);
  clock.now = limits.gatewayCanaryKeptMs;
  const next = health.canary();
  ends[1]?.ok(4);
  expect(await next).toBe(4);
});

test('one that does not come through says that the node is not ready, and the next is asked anew', async () => {
  const { ends, clock, health } = world();
  const late = health.canary();
  ends[0]?.fail(new Error('too late'));
  await expect(late).rejects.toMatchObject({ code: 'NOT_READY', retry: 'later' });
  clock.now = limits.gatewayCanaryKeptMs;
  const next = health.canary();
  ends[1]?.fail(new TuttiError('CLOSED', 'closed'));
  await expect(next).rejects.toMatchObject({ code: 'CLOSED' });
});
