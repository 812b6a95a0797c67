/** Scenarios that tests run in simulated worlds. */
import assert from 'node:assert/strict';
import { exec } from 'node:child_process';
import { createHash, scrypt } from 'node:crypto';
import { lookup } from 'node:dns';
import { readFile, readFileSync } from 'node:fs';
import { readFile as readFilePromise } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { gzip, gzipSync } from 'node:zlib';
import type { TaskEvent } from '../../src/index.ts';
import type { World } from '../../src/testing/index.ts';
import * as app from './app.fixture.ts';

export const month = async ({ client }: World, name: string) => {
  const from = Date.now();
  const greeted = await client.run(app.reminds, name);
  return { days: (Date.now() - from) / 86_400_000, greeted, letters: app.sentLetters() };
};

/** Many tasks at once, so that every fault meets some of them. */
export const many = async ({ client, sleep }: World, count: number) => {
  const letters = Array.from({ length: count }, (_, at) => client.run(app.reminds, `${at}`));
  const sums = Array.from({ length: count }, () => client.run(app.squares, 10));
  await sleep('1 day');
  return { letters: await Promise.all(letters), sums: await Promise.all(sums), sent: app.sentLetters().toSorted() };
};

export const crashes = async ({ client, crash, sleep, killExecutor }: World, power: boolean) => {
  const events: TaskEvent[] = [];
  const handle = await client.start(app.reminds, 'Ada', { key: 'ada' });
  client.follow(handle.id, (event) => {
    if (event.type !== 'state') events.push(event);
  });
  await sleep('15 days');
  await crash({ power, downFor: '1 h' });
  assert.equal((await handle.status())?.state, 'waiting');
  await killExecutor();
  const again = await client.start(app.reminds, 'Ada', { key: 'ada' });
  return { same: again.id === handle.id, name: await handle.result(), letters: app.sentLetters(), events };
};

/** A crash while the client waits for an answer. */
export const crashesUnderWay = async ({ client, crash }: World) => {
  const squares = client.run(app.squares, 100);
  const down = crash();
  return [await squares, await down];
};

/** Follows a task from its begin, and again and again from where it left off. */
export const follows = async ({ client, sleep }: World, count: number) => {
  const { id, result } = await client.start(app.logs, count);
  const followed: string[] = [];
  const ended = new Promise<unknown>((resolve) => {
    const take = (event: TaskEvent): void => {
      if (event.type === 'log') followed.push(event.message);
    };
    client.follow(id, take, { end: resolve });
  });
  const iterated: string[] = [];
  for (let finished = false; !finished; ) {
    for await (const event of client.events(id, { fromLog: iterated.length })) {
      finished = event.type === 'finished';
      if (event.type !== 'log') continue;
      iterated.push(event.message);
      if (iterated.length % 4 === 0) break;
    }
    await sleep('90 min');
  }
  return { followed, iterated, ended: await ended, result: await result() };
};

export const cancels = async ({ client, sleep }: World) => {
  const handle = await client.start(app.reminds, 'Ada');
  await sleep('1 day');
  await handle.cancel();
  await assert.rejects(handle.result(), { code: 'TASK_CANCELLED' });
  return (await client.list({ name: 'reminds' })).map(({ state }) => state);
};

export const fails = async ({ client }: World) => {
  assert.equal(await client.run(app.square, 3), 10);
};

/** Runs the task that is named. */
export const runs = async ({ client }: World, name: string) => {
  const exported: Readonly<Record<string, unknown>> = { ...app };
  return client.run(exported[name] as typeof app.exitsOnce);
};

export const never = async ({ client }: World) => {
  await client.start(app.reminds, 'Ada');
  await new Promise(() => {});
};

export const polls = async () => {
  for (;;) await new Promise((resolve) => setTimeout(resolve, 1));
};

export const chance = async () => [Math.random(), crypto.randomUUID(), Date.now(), process.hrtime.bigint()];

export const strays = async ({ sleep }: World) => {
  void Promise.reject(new Error('nobody waits for this'));
  await sleep('1 s');
};

export const throwsText = async () => {
  throw 'just text';
};

/** Calls what is named. */
export const calls = async (_world: World, call: string) => {
  switch (call) {
    case 'fetch':
      return fetch('http://127.0.0.1:1/');
    case 'WebSocket':
      return new WebSocket('ws://127.0.0.1:1/');
    case 'net.Socket.connect':
      return connect(1, '127.0.0.1');
    case 'http.request':
      return request('http://127.0.0.1:1/');
    case 'dns.lookup':
      return lookup('localhost', () => {});
    case 'child_process.exec':
      return exec('true');
    case 'worker_threads.Worker':
      return new Worker('');
    case 'fs.readFile':
      return readFile(import.meta.filename, () => {});
    case 'fs.promises.readFile':
      return readFilePromise(import.meta.filename);
    case 'zlib.gzip':
      return gzip('', () => {});
    case 'crypto.scrypt':
      return scrypt('', '', 32, () => {});
    default:
      return crypto.subtle.digest('SHA-256', new Uint8Array(1));
  }
};

/** What is allowed, because it gives the same each time. */
export const allowed = async () =>
  [
    readFileSync(import.meta.filename).length > 0,
    gzipSync('').length > 0,
    createHash('sha256').digest('hex').length,
  ] as const;

export const notAFunction = 1;
