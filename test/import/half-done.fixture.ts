/** Data folders with jobs half done, and what is to be seen of them afterwards, wherever they went. */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { LogLine, TaskStatus } from '../../src/index.ts';
import * as app from './half-done-app.fixture.ts';
import type { HalfDoneIds, HalfDoneStart } from './half-done-process.fixture.ts';

export const module = new URL('./half-done-app.fixture.ts', import.meta.url).href;

export type HalfDone = {
  readonly ids: HalfDoneIds;
  /** The data folder. */
  readonly data: string;
  /** Where the app's notes and gate are. */
  readonly folder: string;
};

/** Half done, by a process that was then closed or killed. */
export const halfDone = async (root: string, partitions: number, end: 'closed' | 'killed'): Promise<HalfDone> => {
  const [data, folder] = [join(root, 'data'), join(root, 'outside')];
  mkdirSync(folder, { recursive: true });
  const start: HalfDoneStart = { data, folder, partitions };
  const file = fileURLToPath(new URL('./half-done-process.fixture.ts', import.meta.url));
  const child = fork(file, [JSON.stringify(start)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
  const ended = once(child, 'exit');
  const [ids] = (await Promise.race([once(child, 'message'), ended])) as [HalfDoneIds];
  if (typeof ids !== 'object') throw new Error(`the process ended before it was half done: ${String(ids)}`);
  if (end === 'killed') child.kill('SIGKILL');
  else child.send('close');
  await ended;
  return { ids, data, folder };
};

export const openGate = (folder: string): void => writeFileSync(join(folder, 'gate'), '');

const notes = (folder: string): string[] => readFileSync(join(folder, 'notes'), 'utf8').trimEnd().split('\n');

/** Everything in a folder: names, contents and times. */
export const fingerprint = (folder: string): string => {
  const hash = createHash('sha256');
  const look = (at: string): void => {
    for (const name of readdirSync(at).sort()) {
      const path = join(at, name);
      const stat = statSync(path);
      hash.update(`${path} ${stat.size} ${stat.mtimeMs} ${stat.mode}\n`);
      if (stat.isDirectory()) look(path);
      else hash.update(readFileSync(path));
    }
  };
  look(folder);
  return hash.digest('hex');
};

type Reader = {
  list(filter?: { readonly limit?: number }): Promise<readonly TaskStatus[]>;
  status(id: string): Promise<TaskStatus | undefined>;
  logs(id: string): Promise<readonly LogLine[]>;
};

export type Sight = {
  readonly id: string;
  readonly listed: TaskStatus;
  readonly status: unknown;
  readonly logs: unknown;
};

/** What people see of all tasks, in the order of the list. */
export const sightOf = async (node: Reader): Promise<Sight[]> => {
  const list = await node.list({ limit: 1_000 });
  return Promise.all(
    list.map(async (listed) => {
      const { id } = listed;
      return { id, listed, status: await node.status(id), logs: await node.logs(id) };
    }),
  );
};

type Runner = Reader & {
  result(id: string): Promise<unknown>;
  start(task: typeof app.echo, input: unknown, options: { readonly key: string }): Promise<{ readonly id: string }>;
  cancel(id: string): Promise<void>;
};

/** Opens the gate, and sees that everything ends as it should, with nothing done twice that was journaled. */
export const goesOn = async (node: Runner, { ids, folder }: HalfDone): Promise<void> => {
  const before = notes(folder);
  openGate(folder);
  expect(await node.result(ids.job)).toEqual(app.jobResult);
  expect(await node.result(ids.soon)).toBe(4_000);
  expect((await node.start(app.echo, 'once', { key: 'the one' })).id).toBe(ids.keyed);
  for (const [n, id] of ids.finished.entries()) expect(await node.result(id)).toEqual({ n });
  await expect(node.result(ids.failed)).rejects.toMatchObject({ message: expect.stringContaining('no such account') });
  await expect(node.result(ids.cancelled)).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  expect(await node.status(ids.sleeps)).toMatchObject({ state: 'waiting' });
  expect(await node.status(ids.scheduled)).toMatchObject({ state: 'scheduled' });
  await node.cancel(ids.sleeps);
  await expect(node.result(ids.sleeps)).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  expect((await node.logs(ids.job)).map(({ message }) => message)).toEqual([
    'the first step is journaled',
    'the map is through',
  ]);

  const after = notes(folder);
  const journaled = before
    .filter((line) => line.startsWith('journaled '))
    .map((line) => line.slice('journaled '.length));
  expect(journaled).toHaveLength(app.freeItems + 1);
  const once = [
    ...journaled,
    'last',
    'child called',
    'child started',
    'child keyed',
    'before the sleep of 3600000',
    'before the sleep of 4000',
    'after the sleep of 4000',
  ];
  for (const line of once) expect([line, after.filter((each) => each === line).length]).toEqual([line, 1]);
};
