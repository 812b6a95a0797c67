import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { HoldBack } from './hold-back.ts';

const world = () => {
  const timers: { ms: number; fire: () => void }[] = [];
  const holdBack = new HoldBack({
    after: (ms, fire) => {
      timers.push({ ms, fire });
      return () => undefined;
    },
  });
  return { timers, holdBack };
};

test('many that are refused much are read so rarely that all together are refused no more than the limit', () => {
  const { timers, holdBack } = world();
  const each = 300;
  const holders = 500;
  for (let holder = 0; holder < holders; holder++) holdBack.hold(each, () => undefined);
  // Those that go on find all the others held.
  for (const { fire } of timers.splice(0, holders)) {
    fire();
    holdBack.hold(each, () => undefined);
  }
  const perSecond = timers.reduce((sum, { ms }) => sum + (each * 1_000) / ms, 0);
  expect(perSecond).toBeCloseTo(limits.clientRefusalsPerSecond);
});

test('one that is refused little waits little among them; nobody waits less than it was told, or for ever', () => {
  const { timers, holdBack } = world();
  holdBack.hold(1, () => undefined);
  for (let holder = 0; holder < 500; holder++) holdBack.hold(10_000, () => undefined);
  holdBack.hold(10, () => undefined);
  expect([timers[0], timers[500], timers[501]].map((timer) => timer?.ms)).toEqual([
    limits.overloadedRetryMs,
    limits.clientHoldMsMax,
    (10 * 502 * 1_000) / limits.clientRefusalsPerSecond,
  ]);
});

test('a connection that ends is held no more', () => {
  const { timers, holdBack } = world();
  const callsOff = Array.from({ length: 99 }, () => holdBack.hold(1_000, () => undefined));
  for (const callOff of callsOff) callOff();
  holdBack.hold(10_000, () => undefined);
  expect(timers.at(-1)?.ms).toBe((10_000 * 1_000) / limits.clientRefusalsPerSecond);
});
