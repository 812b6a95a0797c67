import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { grantKind, toExecutor } from '../tasks/messages.ts';
import { Executors } from './executors.ts';

let folder = '';
/** While there is no such file, what computes goes on. */
let go = '';
let executors: Executors;
/** What was told of the first executor, in order. */
let told: unknown[];
let port: MessagePort | undefined;
let heard = Promise.withResolvers<void>();

const tell = (executor: number, what: unknown): void => {
  if (executor !== 0) return;
  told.push(what);
  heard.resolve();
  heard = Promise.withResolvers();
};
const untilLast = async (said: unknown): Promise<void> => {
  while (!isDeepStrictEqual(told.at(-1), said)) await heard.promise;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-executors-'));
  go = join(folder, 'go');
  const module = join(folder, 'app.ts');
  await writeFile(
    module,
    `import { task } from 'tutti';
     import { existsSync } from 'node:fs';
     const cell = new Int32Array(new SharedArrayBuffer(4));
     const compute = () => { while (!existsSync(${JSON.stringify(go)})) Atomics.wait(cell, 0, 0, 20); };
     export const computes = task(() => compute());
     let tries = 0;
     const fails = () => { throw new Error('the first time'); };
     const secondTry = (ctx, fn) =>
       ctx.run('step', () => (++tries === 1 ? fails() : fn()), { retry: { attempts: 2, first: '10 ms' } });
     export const computesInASecondTry = task((ctx) => secondTry(ctx, compute));
     export const loopsInASecondTry = task((ctx) => secondTry(ctx, () => { for (;;); }));
     export const leavesATimer = task(() => void setTimeout(compute, 50));
     export const loops = task(() => { for (;;); });`,
  );
  told = [];
  port = undefined;
  executors = new Executors({
    ...{ module: pathToFileURL(module).href, count: 1, slots: 8, hangLimitMs: undefined },
    ...{ keepsReports: false, rehearses: false, place: { id: '', location: '' } },
    events: { emit: () => undefined },
    onAdded: (_executor, added) => {
      port ??= added;
    },
    onGone: (executor, guilty, { kind }) => tell(executor, ['gone', guilty?.n, kind]),
    onBusy: (executor, running, kept) => tell(executor, ['busy', running?.n, kept]),
    onAnswers: (executor) => tell(executor, ['answers']),
    onOutput: () => undefined,
    onFailed: (error) => tell(0, error),
  });
  await executors.start();
});
afterEach(async () => {
  await executors.close();
  port?.close();
  await rm(folder, { recursive: true, force: true });
});

const grant = (n: number, name: string, timeoutMs = 0): void =>
  port?.postMessage([
    ...[toExecutor.grant, 0, 1, n, `id${n}`, grantKind.task, name, '{"$undefined":true}', 0, 0, 1, 0, timeoutMs],
    ...[undefined, undefined],
  ]);

test('it is told that an executor does not answer, whether code of a task is why, and when it answers again', async () => {
  for (const [n, name, said] of [
    [1, 'computes', ['busy', 1, true]],
    [2, 'leavesATimer', ['busy', undefined, false]],
    [3, 'computesInASecondTry', ['busy', 3, true]],
  ] as const) {
    grant(n, name);
    await untilLast(said);
    await writeFile(go, '');
    await untilLast(['answers']);
    await rm(go);
  }
});

test.each(['loops', 'loopsInASecondTry'])(
  'one that must end because of its task is kept by it no more, should it go on all the same: %s',
  async (name) => {
    grant(1, name, 800);
    await untilLast(['gone', 1, 'timeout']);
    expect(told.at(-2)).toEqual(['busy', 1, false]);
  },
);
