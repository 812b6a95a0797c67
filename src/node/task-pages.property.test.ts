import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ListFilter, TaskPage, TaskStatus } from '../protocol/task-view.ts';
import { mintTaskId, taskKey } from '../values/task-id.ts';
import { collectPages, mergePages } from './task-pages.ts';

const statusOf = (id: string): TaskStatus => ({ id }) as TaskStatus;
const newestFirst = (a: string, b: string): number => (taskKey(a) < taskKey(b) ? 1 : -1);

/** A partition: its tasks, of which each request looks at a few and gives those whose place in the list is even. */
type Partition = { readonly ids: readonly string[]; readonly lookedAt: number };

const pageOf = ({ ids, lookedAt }: Partition, limit: number, cursor: string | undefined): TaskPage => {
  const tasks: TaskStatus[] = [];
  let looked = 0;
  for (const [at, id] of ids.entries()) {
    if (cursor !== undefined && taskKey(id) >= taskKey(cursor)) continue;
    looked++;
    if (at % 2 === 0) tasks.push(statusOf(id));
    if (tasks.length >= limit || looked >= lookedAt) return { tasks, cursor: id };
  }
  return { tasks, cursor: undefined };
};

const id = fc
  .tuple(fc.nat({ max: 65_535 }), fc.nat({ max: 20 }), fc.uint8Array({ minLength: 9, maxLength: 9 }))
  .map(([hash, time, random]) => mintTaskId(hash, 1_760_000_000_000 + time, random));
const partitions = fc
  .tuple(
    fc.uniqueArray(id, { maxLength: 60, size: 'max' }),
    fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }),
  )
  .map(([ids, each]): Partition[] =>
    each.map((lookedAt, number) => ({
      ids: ids.filter((_, at) => at % each.length === number).sort(newestFirst),
      lookedAt,
    })),
  );

test('pages of several partitions are in order together, and hold every task once, whatever each of them looks at', async () => {
  await fc.assert(
    fc.asyncProperty(partitions, fc.integer({ min: 1, max: 8 }), async (all, most) => {
      const page = async (filter: ListFilter): Promise<TaskPage> => {
        const limit = Math.min(most, filter.limit as number);
        return mergePages(
          all.map((each) => pageOf(each, limit, filter.cursor)),
          limit,
        );
      };
      const expected = all
        .flatMap(({ ids }) => ids.filter((_, at) => at % 2 === 0))
        .sort(newestFirst)
        .map(statusOf);
      expect(await collectPages(page, { limit: 10_000 })).toEqual(expected);
      expect(await collectPages(page, { limit: 5 })).toEqual(expected.slice(0, 5));
    }),
  );
});
