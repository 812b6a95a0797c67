/**
 * The gateway in a real Next.js: the code of docs/http.md#next and the packed package in a folder as a user has it, built with
 * `next build` and served with `next start`. Next follows no links out of its folder, so everything is installed there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPackage } from '../../tools/pack.ts';
import { ask, gone } from '../cli/command.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'tutti-next-'));
const app = join(folder, 'app');
const next = join(app, 'node_modules/next/dist/bin/next');
/** Without what vitest sets: Next minds NODE_ENV. */
const nextEnv = { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1' };

/** A task that asks and is done when it is answered. */
const heldTask = `
export const held = task(async (ctx, url: string) => {
  ctx.log.info('begun');
  return (await fetch(url)).text();
});
`;
const asked = createServer();
let askedUrl = '';

/** The files that the page names, each in its place; `main.ts` is of the page alone. */
const writeApp = (): void => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/http.md'), 'utf8');
  const section = page.slice(page.indexOf('\n### Next\n'));
  const blocks = section.matchAll(/^```\w+\n\/\/ (?<name>[\w.]+)\n(?<code>[\s\S]*?)^```$/gm);
  const files = new Map(Array.from(blocks, ({ groups = {} }) => [groups['name'], groups['code'] ?? '']));
  const atTop = ['next.config.mjs', 'tsconfig.json', 'tasks.ts'];
  const atRoute = ['node.ts', 'route.ts'];
  expect([...files.keys()]).toEqual([...atTop, ...atRoute, 'main.ts']);
  const routeFolder = join(app, 'app/api/tutti/[...path]');
  mkdirSync(routeFolder, { recursive: true });
  for (const name of atTop) writeFileSync(join(app, name), files.get(name) ?? '');
  for (const name of atRoute) writeFileSync(join(routeFolder, name), files.get(name) ?? '');
  appendFileSync(join(app, 'tasks.ts'), heldTask);
};

/** Runs a program in the app's folder. Fails with what it printed. */
const run = (program: string, args: readonly string[], env: object = process.env): void => {
  const options = { cwd: app, env: env as NodeJS.ProcessEnv, encoding: 'utf8', timeout: 250_000 } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  expect(status, `${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
};

const install = async (): Promise<void> => {
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join(import.meta.dirname, name), join(app, name));
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  run('npm', ['ci', ...options]);
  run('npm', ['install', '--no-save', ...options, await buildPackage(join(folder, 'package'))]);
};

/** Process groups of `next start`. */
const groups: number[] = [];
type Server = { readonly pid: number; readonly url: string; readonly ended: Promise<unknown> };
let server: Server;

const startServer = async (): Promise<Server> => {
  const child = spawn(process.execPath, [next, 'start', '--hostname', '127.0.0.1', '--port', '0'], {
    cwd: app,
    env: nextEnv as unknown as NodeJS.ProcessEnv,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid as number;
  groups.push(pid);
  const ended = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', () => reject(new Error(`It ended without an address: ${said}`)));
  });
  return { pid, url, ended };
};

const tasks = (rest: string): string => `${server.url}/api/tutti/v1/tasks/${rest}`;

/** Starts `held` and waits for its question. Whoever answers that ends the task. */
const startHeld = async (): Promise<{ readonly id: string; readonly question: ServerResponse }> => {
  const question = once(asked, 'request');
  const { status, json } = await ask(tasks('held'), askedUrl);
  expect({ status, json }).toEqual({ status: 202, json: { id: expect.any(String) } });
  const [, response] = (await question) as [unknown, ServerResponse];
  return { id: (json as { id: string }).id, question: response };
};

/** The events of a task: each call reads on until `part` has come. */
const follow = async (id: string): Promise<(part: string) => Promise<void>> => {
  const { status, headers, body } = await fetch(tasks(`${id}/events`));
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  return async (part) => {
    while (!told.includes(part)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`The events ended without ${part}:\n${told}`);
      told += value;
    }
  };
};

/** Settles when nobody is let in any more: each try is a connection of its own. */
const closed = async (url: string): Promise<void> => {
  for (;;) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    try {
      await once(socket, 'connect');
    } catch {
      return;
    }
    socket.destroy();
  }
};

beforeAll(async () => {
  writeApp();
  await install();
  run(process.execPath, [next, 'build'], nextEnv);
  await once(asked.listen(0, '127.0.0.1'), 'listening');
  askedUrl = `http://127.0.0.1:${(asked.address() as AddressInfo).port}`;
  server = await startServer();
});

afterAll(async () => {
  for (const group of groups) {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // It has ended.
    }
    await gone(-group);
  }
  asked.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a task is started with its input, and once for each key; its result is waited for', async () => {
  expect(await ask(tasks('greet?wait=30s'), 'Ada')).toEqual({ status: 200, json: 'Hello, Ada' });
  const key = { 'idempotency-key': 'grace-1' };
  const first = await ask(tasks('greet'), 'Grace', key);
  expect(first).toEqual({ status: 202, json: { id: expect.any(String) } });
  expect(await ask(tasks('greet'), 'Grace', key)).toEqual(first);
});

test('its events come while it runs, and what is asked twice is answered anew', async () => {
  const { id, question } = await startHeld();
  const readTo = await follow(id);
  await readTo('"message":"begun"');
  expect(await ask(tasks(id))).toMatchObject({ status: 200, json: { state: 'running' } });
  question.end('done');
  await readTo('{"type":"finished","ok":true,"value":"done"}');
  expect(await ask(tasks(id))).toMatchObject({ status: 200, json: { state: 'completed', result: 'done' } });
});

test('it is cancelled', async () => {
  const { id, question } = await startHeld();
  expect((await fetch(tasks(id), { method: 'DELETE' })).ok).toBe(true);
  expect(await ask(tasks(id))).toMatchObject({ json: { state: 'cancelled' } });
  question.end();
});

test('a task that there is not is a problem in JSON', async () => {
  const response = await fetch(tasks('00000000000000000000000000'));
  expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
  expect(await response.json()).toMatchObject({ code: 'TASK_NOT_FOUND', outcome: 'rejected' });
});

test('SIGTERM waits for those who follow, leaves no process behind, and the next start knows all tasks', async () => {
  const { id, question } = await startHeld();
  const readTo = await follow(id);
  await readTo('"message":"begun"');
  process.kill(server.pid, 'SIGTERM');
  await closed(server.url);
  question.end('done');
  await readTo('{"type":"finished","ok":true,"value":"done"}');
  await server.ended;
  await gone(-server.pid);

  server = await startServer();
  expect(await ask(tasks(id))).toMatchObject({ status: 200, json: { state: 'completed', result: 'done' } });
});
