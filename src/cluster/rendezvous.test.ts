import { expect, test } from 'vitest';
import { scoreOf } from './rendezvous.ts';

test('scores are the same everywhere and always (L3)', () => {
  expect(
    [0, 1, 2].flatMap((partition) => [1, 2, 3].map((weight) => scoreOf(partition, 'n1', weight))),
  ).toMatchInlineSnapshot(`
    [
      154992758,
      2782247987,
      2782247987,
      148305418,
      3946049313,
      3946049313,
      4146064323,
      4146064323,
      4146064323,
    ]
  `);
});

test('a member of weight w wins about w times as often as one of weight 1', () => {
  let wins = 0;
  const partitions = 20_000;
  for (let partition = 0; partition < partitions; partition++)
    if (scoreOf(partition, 'heavy', 3) > scoreOf(partition, 'light', 1)) wins++;
  expect(wins / partitions).toBeGreaterThan(0.73);
  expect(wins / partitions).toBeLessThan(0.77);
});
