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

test.each(['registers', 'tasks'])(`fresh seeds for ${minutes} min break no law: %s`, async (workload) => {
  const { code, out } = await simulate(['--workload', workload, '--minutes', `${minutes}`, '--jobs', '2']);
  console.log(out);
  expect(out).not.toMatch(/^law: /m);
  expect(code).toBe(0);
});
