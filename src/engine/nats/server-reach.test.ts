import { expect, test } from 'vitest';
import { limits } from '../../limits.ts';
import { ServerReach } from './server-reach.ts';

const { natsDeafMs, natsDeafMaxMs, natsProbeMs } = limits;

/** When it says to go, if requests of two seconds each are not answered, one after the other. */
const goesAfter = (reach: ServerReach, fromMs: number): number => {
  for (let sentMs = fromMs; ; sentMs += 2_000)
    if (reach.unanswered(sentMs, sentMs + 2_000)) return sentMs + 2_000 - fromMs;
};

test('a server is left when no leader has answered through it for a while, and not before', () => {
  const reach = new ServerReach();
  reach.answered(0);
  const after = goesAfter(reach, 500);
  expect(after).toBeGreaterThanOrEqual(natsDeafMs);
  expect(after).toBeLessThan(natsDeafMs + 2_000);
});

test('one answer begins it anew, and a broken connection as well', () => {
  const reach = new ServerReach();
  expect(reach.unanswered(0, 2_000)).toBe(false);
  reach.answered(3_000);
  // Sent before that answer.
  expect(reach.unanswered(2_500, natsDeafMs + 3_000)).toBe(false);
  expect(reach.unanswered(4_000, natsDeafMs + 3_999)).toBe(false);
  reach.broke();
  expect(reach.unanswered(natsDeafMs + 4_000, natsDeafMs + 6_000)).toBe(false);
});

test('where the next two servers answer no better each is given longer, up to a bound, until one answers (D2)', () => {
  const reach = new ServerReach();
  const waits = [0, 1, 2, 3, 4, 5, 6].map((at) => goesAfter(reach, at * 1_000_000));
  for (const [at, wait] of waits.entries()) {
    const least = Math.min(natsDeafMs * 2 ** Math.max(0, at - 2), natsDeafMaxMs);
    expect([wait >= least, wait < least + 2_000]).toEqual([true, true]);
  }
  reach.answered(10_000_000);
  expect(goesAfter(reach, 10_000_001)).toBeLessThan(natsDeafMs + 2_000);
});

test('it is asked only where nothing else was', () => {
  const reach = new ServerReach();
  expect(reach.isDue(0)).toBe(true);
  reach.answered(1_000);
  expect(reach.isDue(1_000 + natsProbeMs - 1)).toBe(false);
  expect(reach.isDue(1_000 + natsProbeMs)).toBe(true);
});
