/** Planted bugs of tasks, and a clock that nobody replaced. */
import { expect, test } from 'vitest';
import { unseenClock } from './bugs.ts';
import { testPlanted } from './suite.ts';
import { taskBugs } from './task-bugs.ts';

const { copy } = testPlanted(taskBugs);

test('a clock that nobody replaced is seen by running a seed twice', async () => {
  const digests = new Set<string | undefined>();
  const args = ['--seed', '1', '--workload', 'tasks'];
  for (let run = 0; run < 2; run++)
    digests.add(/digest ([0-9a-f]{16})/.exec((await copy().run(unseenClock, args)).out)?.[1]);
  expect(digests).not.toContain(undefined);
  expect(digests.size).toBe(2);
});
