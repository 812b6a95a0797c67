/**
 * Opening after 1,000,000 commands (500,000 tasks, each submitted and completed), the process having been killed with tasks
 * under way: once with everything as it was, once with the store deleted, so that it is filled again from snapshot and log.
 */
import { fork } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openBenchNode } from '../bench-node.ts';
import { span } from '../measure.ts';
import type { FilledFolder } from '../recovery-fill.ts';
import { check, type RunOptions, type Scenario, scaled } from '../scenario.ts';

const commandsPerTask = 2;

export const recovery: Scenario = {
  name: 'recovery',
  cases: [undefined],
  async run(options) {
    const tasks = scaled(500_000, options);
    const folder = join(options.folder, 'filled');
    const filled = await fillAndKill({ ...options, folder }, tasks);

    const copy = join(options.folder, 'copy');
    cpSync(folder, copy, { recursive: true });
    rmSync(join(copy, 'store'), { recursive: true });

    const recovered = await openAndCheck({ ...options, folder }, filled, tasks);
    const refilled = await openAndCheck({ ...options, folder: copy }, filled, tasks);
    return {
      n: tasks * commandsPerTask,
      seconds: recovered.seconds,
      cpuSeconds: recovered.cpuSeconds,
      latencies: undefined,
      extra: { recovery_ms: recovered.seconds * 1000, store_lost_ms: refilled.seconds * 1000 },
      settings: { tasks, unfinished: filled.unfinished.length, retentionTasks: tasks * commandsPerTask },
    };
  },
};

/** Fills the folder in a process of its own and kills that when it says it is done. */
const fillAndKill = (options: RunOptions, tasks: number): Promise<FilledFolder> =>
  new Promise((resolve, reject) => {
    const child = fork(new URL('../recovery-fill.ts', import.meta.url), [JSON.stringify({ options, tasks })]);
    let filled: FilledFolder | undefined;
    child.on('message', (message: FilledFolder) => {
      filled = message;
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (filled === undefined) reject(new Error(`The process that fills the folder ended with code ${code}.`));
      else resolve(filled);
    });
  });

const openAndCheck = async (options: RunOptions, filled: FilledFolder, tasks: number) => {
  const { value, ...taken } = await span(() => openBenchNode(options, { retentionTasks: tasks * commandsPerTask }));
  await using open = value;
  for (const [index, id] of filled.finished)
    check((await open.result(id)) === index, `task ${index}, finished before the kill, has another result`);
  const unfinished = await Promise.all(filled.unfinished.map((id) => open.status(id)));
  check(
    unfinished.every((status) => status !== undefined),
    'a task that was accepted before the kill is gone',
  );
  return taken;
};
