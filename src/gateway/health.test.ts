import { expect, test } from 'vitest';
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

test('a node that is cut off from its cluster says so, and does not wait for its canary task', async () => {
  const fault = { kind: 'cutOff', what: 'n1 cannot read the map of the cluster.', member: 'n1', since: new Date(0) };
  const backend = (cluster: object | undefined, canary: Promise<number>) => ({
    canary: () => canary,
    overview: () => Promise.resolve(encodeValue({ cluster } as unknown as Overview)),
  });
  const never = new Promise<number>(() => {});
  await expect(examine(backend({ self: 'n1', faults: [fault] }, never))).rejects.toMatchObject({
    code: 'NOT_READY',
    message: expect.stringContaining('cut off'),
  });
  const late = Promise.reject(new TuttiError('NOT_READY', 'late'));
  await expect(examine(backend({ self: 'n1', faults: [] }, late))).rejects.toMatchObject({ message: 'late' });
  expect(await examine(backend({ self: 'n2', faults: [fault] }, Promise.resolve(4)))).toBe(4);
  expect(await examine(backend(undefined, Promise.resolve(5)))).toBe(5);
});
