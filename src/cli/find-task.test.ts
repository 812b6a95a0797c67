import { expect, test } from 'vitest';
import type { TaskStatus } from '../protocol/task-view.ts';
import { findTask } from './find-task.ts';

const ids = ['3KQ801M878VE3T0396JFQR4MV3', '3KQ901M878VE3T0396JFQR4MV3', 'A5Q101M878S7SWZDMCZFMHBC4D'];
const all = ids.map((id) => ({ id, name: 'report' }) as TaskStatus);
const tasks = {
  status: async (id: string) => all.find((task) => task.id === id),
  list: async ({ idPrefix = '', limit = 10 }: { idPrefix?: string; limit?: number }) =>
    all.filter(({ id }) => id.startsWith(idPrefix)).slice(0, limit),
};

test('a task is found by its id, or by a beginning that only it has, in either case', async () => {
  expect((await findTask(tasks, ids[0]!)).id).toBe(ids[0]);
  expect((await findTask(tasks, '3KQ9')).id).toBe(ids[1]);
  expect((await findTask(tasks, 'a')).id).toBe(ids[2]);
});

test('a beginning that several have is refused with the candidates; one that none has too', async () => {
  await expect(findTask(tasks, '3K')).rejects.toMatchObject({
    code: 'TASK_NOT_FOUND',
    message: expect.stringContaining(`${ids[0]} (report), ${ids[1]} (report)`) as unknown,
  });
  await expect(findTask(tasks, 'B')).rejects.toThrow('no task whose id begins with B');
  await expect(findTask(tasks, 'B5Q101M878S7SWZDMCZFMHBC4D')).rejects.toThrow('There is no task B5Q1');
  await expect(findTask(tasks, 'not/an id')).rejects.toThrow('"not/an id" is no task id');
});
