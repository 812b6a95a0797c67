/**
 * The process that the crash tests kill. It opens the data folder, attaches again to every task that was acknowledged before,
 * and starts more (`work`), or starts none, waits until all have ended, and closes (`drain`) or stays (`stay`). Its argument is a `ProgramOptions` as
 * JSON.
 *
 * Lines on stdout: `open`, `ack <kind> <n> <id>`, `done <id> <result>`, `failed <id> <code> <message>`, `lost <id>`,
 * `drained`; then what ends it.
 */
import { readFileSync, writeSync } from 'node:fs';
import { catalogueOf } from '../../src/app/catalogue-of-app.ts';
import type { Task } from '../../src/app/task.ts';
import { isTuttiError } from '../../src/errors/tutti-error.ts';
import type { Tuning } from '../../src/execution/state/control.ts';
import { startNode } from '../../src/node/open.ts';
import { checkOptions, type LogLevel } from '../../src/node/options.ts';
import * as app from './crash-app.fixture.ts';

export type ProgramOptions = {
  readonly folder: string;
  readonly partitions: number;
  readonly executors: number;
  /** A file with a line `<id> <kind> <n> <done: 0 or 1>` for each task that was acknowledged. */
  readonly known: string;
  readonly seed: number;
  /** The number of the next task. */
  readonly from: number;
  /** Tasks under way at once. */
  readonly lanes: number;
  readonly mode: 'work' | 'drain' | 'stay';
  readonly logLevel: LogLevel;
  readonly tuning: Tuning;
};

const options = JSON.parse(process.argv[2] as string) as ProgramOptions;

const say = (line: string): void => {
  const bytes = Buffer.from(`${line}\n`);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      // The reader of the pipe is busy.
      if ((error as { code?: unknown }).code !== 'EAGAIN') throw error;
    }
  }
};

const settings = checkOptions({
  module: import.meta.resolve('./crash-app.fixture.ts'),
  data: options.folder,
  partitions: options.partitions,
  executors: options.executors,
  logLevel: options.logLevel,
});
const catalogue = catalogueOf(app);
const node = await startNode({ ...settings, fingerprint: catalogue.fingerprint, tuning: options.tuning }, catalogue);
say('open');

const follow = async (id: string): Promise<void> => {
  try {
    say(`done ${id} ${JSON.stringify(await node.result(id))}`);
  } catch (error) {
    say(`failed ${id} ${isTuttiError(error) ? error.code : 'UNKNOWN'} ${(error as Error).message}`);
  }
};

type Known = { readonly id: string; readonly kind: string; readonly n: number; readonly done: boolean };

const known: readonly Known[] = readFileSync(options.known, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => {
    const [id, kind, n, done] = line.split(' ') as [string, string, string, string];
    return { id, kind, n: Number(n), done: done === '1' };
  });

const start = async (kind: string, n: number): Promise<string> => {
  const { task } = app.kinds[kind] as { task: Task<number, number> };
  const { id } = kind === 'keyed' ? await node.start(task, n, { key: `key-${n}` }) : await node.start(task, n);
  say(`ack ${kind} ${n} ${id}`);
  return id;
};

const recheckedMax = 40;

const attach = async (): Promise<void> => {
  await Promise.all(
    known.map(async ({ id }) => {
      if ((await node.status(id)) === undefined) say(`lost ${id}`);
    }),
  );
  const recent = known.slice(-recheckedMax);
  await Promise.all([
    ...known.filter(({ done }) => !done).map(({ id }) => follow(id)),
    // What has ended keeps its outcome, and a key its task.
    ...recent.filter(({ done }) => done).map(({ id }) => follow(id)),
    ...recent.filter(({ kind }) => kind === 'keyed').map(({ kind, n }) => start(kind, n)),
  ]);
};

const names = Object.keys(app.kinds);
let next = options.from;
const lane = async (): Promise<never> => {
  for (;;) {
    const n = next++;
    // Spread over the kinds by a multiplicative hash, so that neighbours differ and a seed gives the same tasks.
    const kind = names[(Math.imul(n + options.seed, 0x9e3779b1) >>> 16) % names.length] as string;
    await follow(await start(kind, n));
  }
};

const attached = attach();
if (options.mode === 'work') await Promise.all([attached, ...Array.from({ length: options.lanes }, lane)]);
else {
  await attached;
  // A task may be durable whose acknowledgement the kill cut off: nobody knows it, and it ends all the same.
  for (const { id } of await node.list({ state: 'unfinished' })) await node.result(id);
  for (const state of ['failed', 'cancelled', 'unfinished'] as const)
    for (const { id, name } of await node.list({ state })) say(`failed ${id} ${state} ${name}`);
  if (options.mode === 'drain') await node.close();
  say('drained');
}
