import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { TuttiError } from '../../errors/tutti-error.ts';
import { type Flat, fromExecutor, fromExecutorArity, grantKind, toExecutor } from '../../tasks/messages.ts';
import { decodeError, decodeValue } from '../../values/codec.ts';
import { threadEntries } from '../thread-entries.ts';
import type { AttemptName, ExecutorThreadData, FromExecutorThread } from './control.ts';
import { createSharedState, ExecutorView } from './shared-state.ts';

let folder = '';
const threads: Thread[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-executor-'));
});
afterEach(async () => {
  await Promise.all(threads.splice(0).map(({ worker }) => worker.terminate()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes files and gives the address of the first. */
const write = async (files: Readonly<Record<string, string>>): Promise<string> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return pathToFileURL(join(folder, Object.keys(files)[0] as string)).href;
};

type Ended = { readonly n: number; readonly ok: boolean; readonly text: string };

const grantOf = (n: number, name: string, timeoutMs = 0): Flat => {
  const input = '{"$undefined":true}';
  return [
    toExecutor.grant,
    1,
    9,
    n,
    `id${n}`,
    grantKind.task,
    name,
    input,
    0,
    0,
    1_000,
    0,
    timeoutMs,
    undefined,
    undefined,
  ];
};

class Thread {
  readonly worker: Worker;
  readonly view: ExecutorView;
  readonly lines: string[] = [];
  readonly ended: Ended[] = [];
  readonly returned: number[] = [];
  crash: AttemptName | undefined;
  stdout = '';
  private readonly ready = Promise.withResolvers<Extract<FromExecutorThread, { kind: 'ready' }>>();
  private readonly exit = Promise.withResolvers<Error | undefined>();
  private heard = Promise.withResolvers<void>();
  private port: MessagePort | undefined;

  constructor(module: string) {
    const shared = createSharedState();
    this.view = new ExecutorView(shared);
    const workerData: ExecutorThreadData = {
      module,
      executor: 0,
      shared,
      slots: 8,
      keepsReports: false,
      rehearses: false,
    };
    this.worker = new Worker(threadEntries.executor, { workerData, stdout: true, stderr: true });
    this.worker.stdout.on('data', (data) => {
      this.stdout += String(data);
    });
    this.worker.on('message', (message: FromExecutorThread) => this.hear(message));
    let last: Error | undefined;
    this.worker.on('error', (error) => {
      last = error as Error;
    });
    this.worker.on('exit', () => {
      this.exit.resolve(last);
      this.ready.reject(last ?? new Error('The thread ended'));
    });
    this.ready.promise.catch(() => undefined);
    threads.push(this);
  }

  private hear(message: FromExecutorThread): void {
    if (message.kind === 'ready') this.ready.resolve(message);
    else if (message.kind === 'loadFailed') this.ready.reject(decodeError(message.error));
    else if (message.kind === 'output') this.lines.push(...message.lines);
    else if (message.kind === 'crash') this.crash = message.attempt;
    this.wake();
  }

  private wake(): void {
    this.heard.resolve();
    this.heard = Promise.withResolvers();
  }

  loaded(): Promise<Extract<FromExecutorThread, { kind: 'ready' }>> {
    return this.ready.promise;
  }

  gone(): Promise<Error | undefined> {
    return this.exit.promise;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.heard.promise;
  }

  /** Sends to the thread, as a leader does. */
  async send(...flat: Flat): Promise<void> {
    await this.loaded();
    if (this.port === undefined) {
      const { port1, port2 } = new MessageChannel();
      this.port = port2;
      port2.on('message', (flat: Flat) => this.take(flat));
      this.worker.postMessage({ kind: 'connect', index: 3, port: port1 }, [port1]);
    }
    this.port.postMessage(flat);
  }

  grant(n: number, name: string, timeoutMs = 0): Promise<void> {
    return this.send(...grantOf(n, name, timeoutMs));
  }

  private take(flat: Flat): void {
    for (let at = 0; at < flat.length; ) {
      const op = flat[at] as keyof typeof fromExecutorArity;
      if (op === fromExecutor.done || op === fromExecutor.failed)
        this.ended.push({ n: flat[at + 3] as number, ok: op === fromExecutor.done, text: flat[at + 4] as string });
      else if (op === fromExecutor.returned) this.returned.push(flat[at + 3] as number);
      at += 1 + fromExecutorArity[op];
    }
    this.wake();
  }

  async outcome(n: number): Promise<Ended> {
    await this.until(() => this.ended.some((ended) => ended.n === n));
    return this.ended.find((ended) => ended.n === n) as Ended;
  }
}

const loadError = (module: string): Promise<TuttiError> =>
  new Thread(module).loaded().then(
    () => {
      throw new Error('It was loaded');
    },
    (error: TuttiError) => error,
  );

test('an app anywhere is loaded, with `tutti` mapped to the running copy, and tells its tasks', async () => {
  const thread = new Thread(
    await write({
      'good/app.ts':
        "import { task } from 'tutti';\nexport const a = task(() => 1);\nexport const b = task((_ctx, n: number) => n);\n",
    }),
  );
  expect(await thread.loaded()).toMatchObject({
    names: ['a', 'b'],
    fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
  });
});

test('APP_LOAD: an app that is not there', async () => {
  const error = await loadError(pathToFileURL(join(folder, 'nowhere.ts')).href);
  expect(error).toMatchObject({ code: 'APP_LOAD', details: { file: join(folder, 'nowhere.ts') } });
  expect(error.message).toContain('there is no such module');
});

const app = `
import { task } from 'tutti';
import { randomUUID } from 'node:crypto';
export const good = task(async () => 'good');
export const replayed = task(() => [Date.now(), Math.random(), randomUUID()]);
export const prints = task(async () => {
  console.log('line', 1);
  process.stdout.write('li');
  await null;
  process.stdout.write('ne 2\\nunfinished');
  console.error('to stderr');
});
export const exits = task(async () => { await null; console.log('last words'); process.exit(3); });
export const throwsLate = task(() => new Promise(() => setTimeout(() => { throw new Error('late'); }, 1)));
export const rejects = task(() => new Promise(() => { void Promise.reject(new Error('alone')); }));
export const zombie = task(async () => { setTimeout(() => { throw new Error('after the end'); }, 1); return 'ended'; });
export const computes = task(() => { const end = performance.now() + 400; while (performance.now() < end); });
export const loops = task(() => { for (;;); });
export const waitsAndLoops = task(async () => { await new Promise((resolve) => setTimeout(resolve, 10)); for (;;); });
export const endsAndLoops = task(() => void setTimeout(() => { for (;;); }, 50));
`;

test('clock and chance of tasks are replayed in a thread', async () => {
  const thread = new Thread(await write({ 'app.ts': app }));
  await thread.grant(1, 'replayed');
  const [time, chance, uuid] = decodeValue((await thread.outcome(1)).text) as [number, number, string];
  expect(time).toBe(1_000);
  const again = new Thread(await write({ 'app.ts': app }));
  await again.grant(1, 'replayed');
  expect(decodeValue((await again.outcome(1)).text)).toEqual([time, chance, uuid]);
});

test('what a task prints comes line by line with its name, id and attempt, and never on stdout', async () => {
  const thread = new Thread(await write({ 'app.ts': app }));
  await thread.grant(7, 'prints');
  await thread.outcome(7);
  await thread.until(() => thread.lines.length >= 4);
  expect(thread.lines).toEqual([
    'prints id7 #1: line 1',
    'prints id7 #1: line 2',
    'prints id7 #1: to stderr',
    'prints id7 #1: unfinished',
  ]);
  expect(thread.stdout).toBe('');
});

test('process.exit ends the thread, and is laid to the task that called it', async () => {
  const thread = new Thread(await write({ 'app.ts': app }));
  await thread.grant(1, 'good');
  await thread.grant(2, 'exits');
  expect(await thread.gone()).toBeUndefined();
  expect(thread.crash).toEqual({ partition: 1, epoch: 9, n: 2 });
  expect(thread.lines).toEqual(['exits id2 #1: last words']);
});

test('an uncaught error and an unhandled rejection fail the task they belong to, and the thread goes on', async () => {
  const thread = new Thread(await write({ 'app.ts': app }));
  for (const [n, name] of ['throwsLate', 'rejects', 'zombie'].entries()) await thread.grant(n, name);
  expect(decodeError((await thread.outcome(0)).text)).toMatchObject({ cause: { message: 'late' } });
  expect(decodeError((await thread.outcome(1)).text)).toMatchObject({ cause: { message: 'alone' } });
  expect((await thread.outcome(2)).ok).toBe(true);
  await thread.until(() => thread.lines.some((line) => line.includes('after the end')));
  await thread.grant(9, 'good');
  expect(await thread.outcome(9)).toMatchObject({ ok: true, text: '"good"' });
});

test('an uncaught error that belongs to no task ends the thread with that error', async () => {
  const outside =
    "import { task } from 'tutti';\nexport const a = task(() => 1);\nsetTimeout(() => { throw new Error('at module level'); }, 20);\n";
  const thread = new Thread(await write({ 'outside.ts': outside }));
  await thread.loaded();
  expect(await thread.gone()).toMatchObject({ message: 'at module level' });
  expect(thread.crash).toBeUndefined();
});

test('the node thread sees what keeps an executor from answering, and when it must be through', async () => {
  const thread = new Thread(await write({ 'app.ts': app }));
  await thread.loaded();
  expect([thread.view.running(), thread.view.isKept()]).toEqual([undefined, false]);
  await thread.grant(4, 'loops', 60_000);
  while (thread.view.running() === undefined || Date.now() - thread.view.heartbeatAt() < 150)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const attempt = { partition: 1, epoch: 9, n: 4 };
  expect([thread.view.running(), thread.view.isKept()]).toEqual([attempt, true]);
  expect(thread.view.earliestDeadline()).toMatchObject({ attempt, timeoutMs: 60_000 });
  expect(Math.abs((thread.view.earliestDeadline()?.at ?? 0) - Date.now() - 60_000)).toBeLessThan(5_000);
});

const isSilent = ({ view }: Thread): boolean => Date.now() - view.heartbeatAt() > 150;

test('it sees that code of a task does, also where that goes on by itself; and that what does belongs to none', async () => {
  const thread = new Thread(await write({ 'app.ts': app }));
  await thread.grant(1, 'waitsAndLoops');
  while (!isSilent(thread) || !thread.view.isKept()) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(thread.view.running()).toBeUndefined();
  const other = new Thread(await write({ 'app.ts': app }));
  await other.grant(1, 'endsAndLoops');
  await other.outcome(1);
  while (!isSilent(other)) await new Promise((resolve) => setTimeout(resolve, 10));
  expect([other.view.running(), other.view.isKept()]).toEqual([undefined, false]);
});

test('what is revoked while code keeps the thread to itself is given back before the next task starts', async () => {
  const thread = new Thread(await write({ 'app.ts': app }));
  await thread.send(...grantOf(1, 'computes'), ...grantOf(2, 'good'));
  while (thread.view.running()?.n !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await thread.send(toExecutor.revoke, 1, 9, 2);
  await thread.outcome(1);
  await thread.until(() => thread.returned.length + thread.ended.length > 1);
  expect(thread.returned).toEqual([2]);
});
