/** The tests of planted bugs: each is found within its number of seeds, by a law that may find it, and without it none is there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { argsOf, callOf, type PlantedBug } from './bugs.ts';
import { Copy } from './plant.ts';

/** Most bugs show in one of so many seeds: these are run without a bug, and of the others each that showed one. */
const firstSeeds = 10;

/** Declares the tests; gives the copy that they use. */
export const testPlanted = (bugs: readonly PlantedBug[]): { readonly copy: () => Copy } => {
  let copy: Copy;
  /** How the seeds are called that showed a bug, by workload. */
  const showed = new Map<string, Map<string, readonly string[]>>(bugs.map(({ workload }) => [workload, new Map()]));
  beforeAll(() => {
    copy = new Copy();
  });
  afterAll(() => copy.remove());

  describe('the simulator finds', () => {
    test.each(bugs)('$name', async (bug) => {
      const { code, out } = await copy.run(bug, argsOf(bug));
      expect(out).toMatch(/^law: /m);
      expect(bug.law).toContain(/^law: (.*)$/m.exec(out)?.[1]);
      const seed = /^Again: npm run simulate -- .*--seed (\d+)/m.exec(out)?.[1];
      expect(seed).toBeDefined();
      expect(code).toBe(1);
      const { workload } = bug;
      if (Number(seed) > firstSeeds || bug.faults !== undefined)
        showed.get(workload)?.set(`${seed} ${bug.faults}`, callOf(bug, ['--seed', `${seed}`]));
    });
  });

  test.each([...new Set(bugs.map(({ workload }) => workload))])(
    'without a bug the same seeds of %s break no law',
    async (workload) => {
      const first = ['--first', '1', '--seeds', `${firstSeeds}`, '--workload', workload];
      for (const args of [first, ...(showed.get(workload)?.values() ?? [])]) {
        const { code, out } = await copy.run(undefined, args);
        expect(out, args.join(' ')).not.toMatch(/^law: /m);
        expect(code).toBe(0);
      }
    },
  );
  return { copy: () => copy };
};
