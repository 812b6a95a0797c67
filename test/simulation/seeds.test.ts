/** A bounded number of seeds: fresh ones each time, and those that once broke a law. */
import { expect, test } from 'vitest';
import { simulate } from './command.fixture.ts';
import { regressions } from './regressions.ts';

const minutes = 0.7;

test.each(regressions)('$workload seed $seed: $was', async ({ workload, seed }) => {
  const { code, out } = await simulate(['--workload', workload, '--seed', `${seed}`]);
  expect(out).toContain('every law held');
  expect(code).toBe(0);
});

test.each([
  ['registers', `fresh seeds for ${minutes} min`, ['--minutes', `${minutes}`]],
  // Known ones until fresh ones have run clean for hours: a new finding is no fault of the change it meets.
  ['tasks', 'the first 60 seeds', ['--first', '1', '--seeds', '60']],
  ['cluster-tasks', 'the first 40 seeds', ['--first', '1', '--seeds', '40']],
  ['cluster', 'the first 80 seeds', ['--first', '1', '--seeds', '80']],
  ['embedded', 'the first 40 seeds', ['--first', '1', '--seeds', '40']],
  ['embedded', 'fresh seeds for 0.25 min', ['--minutes', '0.25']],
  ['embedded-tasks', 'the first 6 seeds', ['--first', '1', '--seeds', '6']],
])('%s: %s break no law', async (workload, _which, args) => {
  const { code, out } = await simulate(['--workload', workload, ...args, '--jobs', '2']);
  console.log(out);
  expect(out).not.toMatch(/^law: /m);
  expect(code).toBe(0);
});
