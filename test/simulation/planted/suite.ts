/** The tests of planted bugs: each is found within its number of seeds, by a law that may find it, and without it none is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { argsOf, type PlantedBug } from './bugs.ts';
import { Copy } from './plant.ts';

/** Without a bug so many seeds are run again, by workload; they are in `seeds.test.ts` too. */
const seedsWithoutMost: Readonly<Record<string, number>> = { registers: 300, cluster: 50, embedded: 50 };
const seedsWithoutLeast = 20;

/** Declares the tests; gives the copy that they use. */
export const testPlanted = (bugs: readonly PlantedBug[]): { readonly copy: () => Copy } => {
  let copy: Copy;
  beforeAll(() => {
    copy = new Copy();
  });
  afterAll(() => copy.remove());

  describe('the simulator finds', () => {
    test.each(bugs)('$name', async (bug) => {
      const { code, out } = await copy.run(bug, argsOf(bug));
      expect(out).toMatch(/^law: /m);
      expect(bug.law).toContain(/^law: (.*)$/m.exec(out)?.[1]);
      expect(out).toMatch(/^Again: npm run simulate -- /m);
      expect(code).toBe(1);
    });
  });

  test.each([...new Set(bugs.map(({ workload }) => workload))])(
    'without a bug seeds of %s break no law',
    async (workload) => {
      const seeds = `${seedsWithoutMost[workload] ?? seedsWithoutLeast}`;
      const { code, out } = await copy.run(undefined, ['--first', '1', '--seeds', seeds, '--workload', workload]);
      expect(out).not.toMatch(/^law: /m);
      expect(code).toBe(0);
    },
  );
  return { copy: () => copy };
};
