import { expect, test } from 'vitest';
import { limits } from '../../limits.ts';
import { readPatienceMs } from './nats-log.ts';

test('a read that is not answered is asked again soon a few times, as another server may answer, and then waited for ever longer', () => {
  const waits = Array.from({ length: 20 }, (_, unanswered) => readPatienceMs(unanswered));
  const first = limits.natsReadMs;
  expect(waits.slice(0, 7)).toEqual([first, first, first, 2 * first, 2 * first, 2 * first, 4 * first]);
  expect(waits.at(-1)).toBe(limits.natsRequestMaxMs);
});
