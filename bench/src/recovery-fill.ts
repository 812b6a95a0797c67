/** A process that fills a data folder, says so, and goes on until it is killed. */
import { block, noop, noopInput } from './app.ts';
import { openBenchNode } from './bench-node.ts';
import { batchesOf } from './measure.ts';
import type { RunOptions } from './scenario.ts';

export type FilledFolder = {
  /** Index and id of some finished tasks. */
  readonly finished: readonly (readonly [index: number, id: string])[];
  /** Ids of tasks that were accepted and have not finished. */
  readonly unfinished: readonly string[];
};

const sampleEvery = 500;
const unfinishedCount = 1_000;

const { options, tasks } = JSON.parse(process.argv[2] as string) as { options: RunOptions; tasks: number };
const node = await openBenchNode(options, { retentionTasks: tasks * 2 });
const finished: [number, string][] = [];
await batchesOf(tasks, 10_000, 500, async (index) => {
  const task = await node.start(noop, noopInput(index));
  if (index % sampleEvery === 0) finished.push([index, task.id]);
  await task.result();
});
const unfinished = await Promise.all(
  Array.from({ length: unfinishedCount }, async () => (await node.start(block, '/nowhere')).id),
);
process.send?.({ finished, unfinished } satisfies FilledFolder);
