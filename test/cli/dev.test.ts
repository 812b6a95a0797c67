/** `tutti dev` as a process: it follows the code, keeps the data, and shows what is wrong without ending. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, type Running, Workplace } from './command.fixture.ts';

const app = `
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { task } from 'tutti';
import { greet } from './greet.ts';
export const hello = task(async (_ctx, name: string) => greet(name));
export const late = task(async (ctx, go: string) => {
  const before = await ctx.run('before', () => greet('you'));
  await ctx.run('wait', async ({ signal }) => {
    while (!existsSync(go)) await setTimeout(20, undefined, { signal });
  });
  return [before, greet('you')];
});
export const forgets = task(async (ctx) => {
  await ctx.run('first', () => 1);
  return ctx.call(hello, String(process.hrtime.bigint()));
});
export const prints = task(async (ctx) => {
  console.log('printed once');
  for (const name of ['a', 'b', 'c']) await ctx.run(name, () => 1);
});
export const crash = task({ retry: { attempts: 1 } }, () => { process.kill(process.pid, 'SIGABRT'); for (;;); });
export const lazy = task(async () => (await import('./lazy.ts')).value);
`;

let place: Workplace;
beforeEach(() => {
  place = new Workplace(app);
  place.write('greet.ts', `export const greet = (name: string) => 'hello ' + name;\n`);
  place.write('lazy.ts', 'export const value = 1;\n');
});
afterEach(() => place.remove());

const started = async (...args: readonly string[]): Promise<{ readonly dev: Running; readonly url: string }> => {
  const dev = place.start(['dev', 'app.ts', '--port', '0', ...args]);
  const [, url] = await dev.seen(/^ready +(http:\S+)$/m);
  return { dev, url: url as string };
};

const waited = (url: string, name: string, input: unknown, key = name) =>
  ask(`${url}/v1/tasks/${name}?wait=60s`, input, { 'idempotency-key': key });

test('says where it is and what the app has; a save brings the new code, and what runs goes on with it', async () => {
  const { dev, url } = await started();
  await dev.seen(/^tasks +crash, forgets, hello, late, lazy, prints\ndata +\.tutti$/m);
  expect((await waited(url, 'hello', 'Ada')).json).toBe('hello Ada');
  await ask(`${url}/v1/tasks/late`, place.path('go'), { 'idempotency-key': 'late' });

  place.write('greet.ts', `export const greet = (name: string) => 'goodbye ' + name;\n`);
  await dev.seen(/^changed greet\.ts\nrestarted in \d+ ms\n1 unfinished task goes on with the new code: late$/m);
  place.write('go', '');
  expect((await waited(url, 'late', place.path('go'))).json).toEqual(['hello you', 'goodbye you']);
  // It is the first attempt still: an edit is no failure of a task. And what was done before is kept.
  expect((await waited(url, 'hello', 'Ada')).json).toBe('hello Ada');
  const listed = await place.run(['list', '--task', 'late', '--json']);
  expect(JSON.parse(listed.out)).toMatchObject({ attempts: 1, state: 'completed' });

  dev.kill('SIGTERM');
  expect(await dev.ended).toMatchObject({ code: 0, out: '' });
});

test('files that are imported only later are watched, packages are not', async () => {
  mkdirSync(place.path('node_modules/other'), { recursive: true });
  const packaged = place.path('node_modules/other/index.js');
  writeFileSync(packaged, 'export const other = 1;\n');
  writeFileSync(place.path('node_modules/other/package.json'), '{"name":"other","type":"module","main":"index.js"}');
  place.write('greet.ts', `import { other } from 'other';\nexport const greet = (name: string) => other + name;\n`);
  const { dev, url } = await started();
  writeFileSync(packaged, 'export const other = 2;\n');
  place.write('lazy.ts', 'export const value = 2;\n');
  await dev.seen(/^restarted/m);
  expect(dev.err.match(/^changed .*$/gm)).toEqual(['changed lazy.ts']);
  expect((await waited(url, 'lazy', null)).json).toBe(2);
});

describe('code that does not load', () => {
  test('is shown with file and line, while the code from before goes on', async () => {
    const { dev, url } = await started();
    place.write('greet.ts', 'export const greet = (name: string) => {;\nlet a a;\n');
    await dev.seen(/^error APP_LOAD: .*greet\.ts:2: [^\n]*\nThe code from before goes on\. /m);
    expect((await waited(url, 'hello', 'Ada')).json).toBe('hello Ada');
    const mark = dev.err.length;
    place.write('greet.ts', `throw new Error('no settings');\nexport const greet = String;\n`);
    await dev.seen(/greet\.ts:1: it threw while it was imported: no settings/, mark);
    place.write('greet.ts', `export const greet = (name: string) => 'hi ' + name;\n`);
    await dev.seen(/^restarted/m);
    expect((await waited(url, 'hello', 'Ada', 'again')).json).toBe('hi Ada');
  });

  test('at the start is waited for', async () => {
    place.write('greet.ts', `process.exit(3);\nexport const greet = String;\n`);
    const dev = place.start(['dev', 'app.ts', '--port', '0']);
    await dev.seen(/greet\.ts:1: .*process\.exit\(3\).*\n.*Save a change, and it is tried again/);
    place.write('greet.ts', 'export const greet = String;\n');
    await dev.seen(/^ready/m);
  });

  test('because it needs a file that is not there is tried again when that appears', async () => {
    place.write('greet.ts', `export { greet } from './later.ts';\n`);
    const dev = place.start(['dev', 'app.ts', '--port', '0']);
    await dev.seen(/later\.ts/);
    await dev.seen(/tried again/);
    place.write('later.ts', 'export const greet = String;\n');
    await dev.seen(/^changed later\.ts\n/m);
    await dev.seen(/^ready/m);
  });
});

test('an edit that no longer fits what is recorded of a running task is told with both sides, and fails the task', async () => {
  const { dev, url } = await started();
  const { json } = await ask(`${url}/v1/tasks/late`, place.path('go'), { 'idempotency-key': 'late' });
  const { id } = json as { id: string };
  await expect.poll(async () => (await ask(`${url}/v1/tasks/${id}`)).json).toMatchObject({ steps: 1 });
  place.write('app.ts', app.replace("ctx.run('before'", "ctx.run('earlier'"));
  await dev.seen(/^changed app\.ts\n/m);
  await dev.seen(/^1 unfinished task goes on with the new code: late$/m);
  await dev.seen(
    /^failed: late \S+ #1\nNOT DETERMINISTIC: .*\n {2}first {2}run:before:0\n {2}again {2}run:earlier:0\n/m,
  );
  await dev.seen(/^ {2}If its code was changed while it ran, start the task anew\.$/m);
  await expect
    .poll(async () => (await ask(`${url}/v1/tasks/${id}`)).json)
    .toMatchObject({
      state: 'failed',
      error: { $error: { code: 'TASK_NONDETERMINISTIC' } },
    });
});

test('a task that does something else when it runs again is told with both sides, and fails', async () => {
  const { dev, url } = await started();
  const { status, json } = await waited(url, 'forgets', null);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(json).toMatchObject({ code: 'TASK_NONDETERMINISTIC' });
  const [, first, again] = await dev.seen(
    /NOT DETERMINISTIC: .*\n {2}first {2}call:hello:0 with input "(\d+)"\n {2}again {2}call:hello:0 with input "(\d+)"\n/,
  );
  expect(first).not.toBe(again);
});

test('what a task prints is shown once, however often it is run again to see that it does the same', async () => {
  const { dev, url } = await started();
  expect((await waited(url, 'prints', null)).status).toBe(200);
  await waited(url, 'forgets', null);
  await dev.seen(/NOT DETERMINISTIC/);
  expect(dev.err.match(/printed once/g)).toHaveLength(1);
});

test('tasks whose name is gone wait, and are told with the name that may be meant', async () => {
  const { dev, url } = await started();
  await ask(`${url}/v1/tasks/late`, place.path('go'));
  place.write('app.ts', app.replace('export const late', 'export const later'));
  await dev.seen(/^1 late waits: the app has no task late any more\. Did you mean later\?$/m);
});

test('a crash of its process is told, and it is started again', async () => {
  const { dev, url } = await started();
  // It may be gone before it answers.
  await ask(`${url}/v1/tasks/crash`, null).catch(() => undefined);
  await dev.seen(/^crash: the process that runs the node ended \(SIGABRT/m);
  await dev.seen(/^restarted/m);
  expect((await waited(url, 'hello', 'Ada')).json).toBe('hello Ada');
});

test('a port that is taken makes way for the next free one, which is said', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const dev = place.start(['dev', 'app.ts', '--port', String(port)]);
  const [, found] = await dev.seen(
    new RegExp(`^Port ${port} is taken; .*\\nready +http://127\\.0\\.0\\.1:(\\d+)$`, 'm'),
  );
  other.close();
  expect(Number(found)).toBeGreaterThan(port);
});

test('a folder that another process holds ends it, as no save could mend that', async () => {
  await started();
  expect((await place.run(['dev', 'app.ts', '--port', '0'])).err).toContain('DATA_LOCKED');
  expect((await place.run(['dev', 'app.ts', '--port', '0'])).code).toBe(4);
  expect((await place.run(['dev', 'ap.ts'])).code).toBe(2);
});
