/** A checker is worth what it catches: each planted bug is found within its number of seeds, by a law that may find it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { argsOf, plantedBugs, unseenClock } from './bugs.ts';
import { Copy } from './plant.ts';

let copy: Copy;
beforeAll(() => {
  copy = new Copy();
});
afterAll(() => copy.remove());

describe('the simulator finds', () => {
  test.each(plantedBugs)('$name', async (bug) => {
    const { code, out } = await copy.run(bug, argsOf(bug));
    expect(out).toMatch(/^law: /m);
    expect(bug.law).toContain(/^law: (.*)$/m.exec(out)?.[1]);
    expect(out).toMatch(/^Again: npm run simulate -- /m);
    expect(code).toBe(1);
  });
});

test('a clock that nobody replaced is seen by running a seed twice', async () => {
  const digests = new Set<string | undefined>();
  const args = ['--seed', '1', '--workload', 'tasks'];
  for (let run = 0; run < 2; run++)
    digests.add(/digest ([0-9a-f]{16})/.exec((await copy.run(unseenClock, args)).out)?.[1]);
  expect(digests).not.toContain(undefined);
  expect(digests.size).toBe(2);
});

test('without a bug the same seeds break no law', async () => {
  for (const workload of new Set(plantedBugs.map((bug) => bug.workload))) {
    const seeds = Math.max(
      ...plantedBugs.map((bug) => (bug.workload === workload && bug.first === undefined ? bug.seeds : 0)),
    );
    const { code, out } = await copy.run(undefined, [
      '--first',
      '1',
      '--seeds',
      `${Math.min(seeds, workload === 'tasks' ? 50 : 500)}`,
      '--workload',
      workload,
    ]);
    expect(out).not.toMatch(/^law: /m);
    expect(code).toBe(0);
  }
});
