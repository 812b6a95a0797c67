/**
 * A process that holds a data folder with jobs half done (JSON of `HalfDoneStart`): says so to its parent, with the ids, and waits to be
 * told to close, or to be killed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { open } from '../../src/index.ts';
import * as app from './half-done-app.fixture.ts';

export type HalfDoneStart = { readonly data: string; readonly folder: string; readonly partitions: number };

export type HalfDoneIds = {
  readonly job: string;
  readonly soon: string;
  readonly sleeps: string;
  readonly scheduled: string;
  readonly finished: readonly string[];
  readonly failed: string;
  readonly cancelled: string;
  readonly keyed: string;
};

const { data, folder, partitions } = JSON.parse(process.argv[2] ?? '{}') as HalfDoneStart;
const module = new URL('./half-done-app.fixture.ts', import.meta.url).href;
const node = await open({ app, module, data, partitions, executors: 2, logLevel: 'error' });

const finished: string[] = [];
for (let n = 0; n < 30; n++) {
  const { id } = await node.start(app.echo, { n });
  await node.result(id);
  finished.push(id);
}
const failed = await node.start(app.fails);
await node.result(failed.id).catch(() => undefined);
const keyed = await node.start(app.echo, 'once', { key: 'the one' });
await node.result(keyed.id);
const job = await node.start(app.job, folder);
const sleeps = await node.start(app.sleeper, { folder, ms: 3_600_000 });
const soon = await node.start(app.sleeper, { folder, ms: 4_000 });
const cancelled = await node.start(app.sleeper, { folder, ms: 7_200_000 });
const scheduled = await node.start(app.echo, 'later', { delay: '1 hour' });

const lines = (): string[] =>
  existsSync(`${folder}/notes`) ? readFileSync(`${folder}/notes`, 'utf8').trimEnd().split('\n') : [];
const isHalfDone = async (): Promise<boolean> => {
  const seen = new Set(lines());
  const wanted = ['journaled first', ...[3_600_000, 4_000, 7_200_000].map((ms) => `before the sleep of ${ms}`)];
  for (let n = 0; n < app.freeItems; n++) wanted.push(`journaled item ${n}`);
  return wanted.every((line) => seen.has(line)) && (await node.list({ name: 'child' })).length === 3;
};
while (!(await isHalfDone())) await setTimeout(20);
await node.cancel(cancelled.id);

process.send?.({
  job: job.id,
  soon: soon.id,
  sleeps: sleeps.id,
  scheduled: scheduled.id,
  finished,
  failed: failed.id,
  cancelled: cancelled.id,
  keyed: keyed.id,
} satisfies HalfDoneIds);
process.once('message', () => {
  void node.close().then(() => process.exit(0));
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
