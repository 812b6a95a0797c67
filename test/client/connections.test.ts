/** Connections as they come and go: tokens, nodes that end and come back, readers that are slow, and what is no client at all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from '../../src/client/client.ts';
import { webWorld } from '../../src/client/web-world.ts';
import { open, type Serving, type Tutti } from '../../src/index.ts';
import { limits } from '../../src/limits.ts';
import { closeCode, decodeNodeFrame, encodeFrame, fromNode, type NodeMessage } from '../../src/protocol/wire.ts';
import * as app from './client-app.fixture.ts';

const module = new URL('./client-app.fixture.ts', import.meta.url).href;
const data = mkdtempSync(join(tmpdir(), 'tutti-connections-'));
const token = 'a-token-of-the-right-length';
let node: Tutti;
let served: Serving;

beforeAll(async () => {
  node = await open({ app, module, data, executors: 1 });
  served = await node.serve({ port: 0, token });
});

afterAll(async () => {
  await served.close();
  await node.close();
  rmSync(data, { recursive: true });
});

const address = (): string => `${served.url.replace('http', 'ws')}/v1/connect`;
const opened = async (): Promise<WebSocket> => {
  const socket = new WebSocket(address(), 'tutti.v1');
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
};
const closedWith = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve));

test('lets in who knows the token, and tells the others why not', async () => {
  for (const wrong of [{}, { token: 'a token that is not right' }]) {
    const client = connect(served.url, wrong);
    await expect(client.app()).rejects.toMatchObject({ code: 'UNAUTHORIZED', outcome: 'rejected' });
    await client.close();
  }
  let asked = 0;
  const client = connect<typeof app>(served.url, {
    token: async () => {
      asked++;
      return asked === 1 ? 'an old token that is not right' : token;
    },
  });
  await expect(client.tasks.half.run(2)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(await client.tasks.half.run(2)).toBe(1);
  expect(asked).toBe(2);
  await client.close();
});

// Node.js 22 tells of what never opened by an error alone; a client that waits for a close waits in vain.
test('learns of a refused dial from the socket itself', async () => {
  const passing = await node.serve({ port: 0, token });
  await passing.close();
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    webWorld(token).dial(`${passing.url.replace('http', 'ws')}/v1/connect`, {
      reached: () => seen.push('reached'),
      opened: () => seen.push('opened'),
      received: () => seen.push('received'),
      closed: () => resolve(),
    });
  });
  expect(seen).toEqual([]);
});

test('says of a node that is not there that nothing was sent, and answers when it is there', async () => {
  const passing = await node.serve({ port: 0, token });
  const { port } = passing;
  await passing.close();
  const hasty = connect(passing.url, { token, giveUpAfter: 200 });
  await expect(hasty.app()).rejects.toMatchObject({ code: 'UNREACHABLE', outcome: 'rejected', retry: 'later' });
  await hasty.close();

  const patient = connect<typeof app>(passing.url, { token });
  const states: string[] = [];
  patient.onConnection((state) => states.push(state));
  const result = patient.tasks.half.run(84);
  const again = await node.serve({ port, token });
  expect(await result).toBe(42);
  expect(states).toEqual(['ready']);
  await patient.close();
  await again.close();
});

test('what waits and what follows goes on at another node when one ends, and where it comes back', async () => {
  const [first, second] = [await node.serve({ port: 0, token }), await node.serve({ port: 0, token })];
  const client = connect<typeof app>([first.url, second.url], { app, token });
  const task = await client.tasks.sleeps.start();
  const result = expect(client.result(task.id)).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  const states: string[] = [];
  const lines: number[] = [];
  let logged = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    logged = resolve;
  });
  const following = (async () => {
    for await (const event of client.follow(task.id)) {
      if (event.type === 'state') states.push(event.state);
      if (event.type === 'log') lines.push(event.index);
      logged();
      if (event.type === 'finished') return event;
    }
    return undefined;
  })();
  await begun;
  await first.close();
  await client.app();
  await second.close();
  const third = await node.serve({ port: first.port, token });
  await client.app();
  await client.cancel(task.id);
  await result;
  expect(await following).toMatchObject({ type: 'finished', ok: false, error: { code: 'TASK_CANCELLED' } });
  expect(lines).toEqual([0]);
  expect(new Set(states).size).toBe(states.length);
  await client.close();
  await third.close();
});

test('a signal gives up a wait, in the node as well; a time-out says that the outcome is not known', async () => {
  const client = connect<typeof app>(served.url, { app, token });
  const task = await client.tasks.sleeps.start();
  const giveUp = new AbortController();
  const waiting = client.result(task.id, { signal: giveUp.signal });
  const timed = client.run(app.sleeps, undefined, { timeout: '50 ms' });
  await expect(timed).rejects.toMatchObject({ code: 'NO_ANSWER', outcome: 'unknown', details: { reason: 'timeout' } });
  giveUp.abort(new Error('enough'));
  await expect(waiting).rejects.toMatchObject({ code: 'NO_ANSWER', cause: { message: 'enough' } });
  const started = (await timed.catch((error: { details: { id: string } }) => error.details.id)) as string;
  expect((await client.status(started))?.name).toBe('sleeps');
  for (const id of [task.id, started]) await client.cancel(id);
  const left = client.app();
  await client.close();
  await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
});

test('a reader that stands still makes the node keep little, and then gets every line once', async () => {
  const client = connect<typeof app>(served.url, { app, token });
  const task = await client.tasks.tells.start({ lines: 2_000, steps: 10 });
  expect(await client.result(task.id)).toBe(20_000);
  const socket = await opened();
  socket.binaryType = 'nodebuffer';
  const lines: number[] = [];
  const ended = new Promise<void>((resolve) => {
    socket.on('message', (frame: Buffer) => {
      for (const message of decodeNodeFrame(frame) as NodeMessage[]) {
        if (message[0] === fromNode.reply) resolve();
        if (message[0] !== fromNode.event) continue;
        const event = JSON.parse(message[2]) as { type: string; index: number };
        if (event.type === 'log') lines.push(event.index);
      }
    });
  });
  socket.send(encodeFrame([[0, 1, token, 'slow']]));
  socket.pause();
  socket.send(encodeFrame([[1, 1, 1, 'follow', task.id, 0]]));
  // Another connection's answers come meanwhile: the node has had its turns.
  for (let n = 0; n < 20; n++) await client.status(task.id);
  socket.resume();
  await ended;
  expect(lines).toEqual(Array.from({ length: 20_000 }, (_, index) => index));
  socket.close();
  await client.close();
});

test('ends what breaks the rules, with a code, and goes on with the others', async () => {
  const texts = await opened();
  texts.send('{"hello":true}');
  expect(await closedWith(texts)).toBe(closeCode.malformed);

  const strange = await opened();
  strange.send(Uint8Array.of(0xc1));
  expect(await closedWith(strange)).toBe(closeCode.malformed);

  const large = await opened();
  large.on('error', () => undefined);
  large.send(encodeFrame([[0, 1, token, 'large']]));
  await new Promise((resolve) => large.once('message', resolve));
  large.send(Buffer.alloc(limits.clientFrameBytesMax + 1));
  expect(await closedWith(large)).toBe(closeCode.tooLarge);

  const early = await opened();
  early.on('error', () => undefined);
  early.send(Buffer.alloc(limits.clientFrameBytesMax / 2));
  expect(await closedWith(early)).toBe(1006);

  const client = connect(served.url, { token });
  expect(await client.app()).toMatchObject({ tasks: expect.any(Array) });
  await client.close();
});

test('a connection that is cut in the middle of a frame leaves nothing behind', async () => {
  const socket = connectSocket(served.port, '127.0.0.1');
  socket.write(
    'GET /v1/connect HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);
  socket.write(Uint8Array.of(0x82, 0xfe, 0x10));
  socket.destroy();
  const client = connect(served.url, { token });
  expect(await client.app()).toMatchObject({ tasks: expect.any(Array) });
  await client.close();
});
