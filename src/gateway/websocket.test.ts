/** Real WebSockets over a clock that the test moves: who is silent is ended, and a gateway that ends lets others know. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ManualEnv, manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { limits } from '../limits.ts';
import { closeCode, decodeNodeFrame, encodeFrame, fromNode, type NodeMessage } from '../protocol/wire.ts';
import { ScriptedBackend } from './connection.fixture.ts';
import { WebSocketGateway } from './websocket.ts';

let env: ManualEnv;
let backend: ScriptedBackend;
let gateway: WebSocketGateway;
let server: Server;

beforeEach(async () => {
  env = manualEnv();
  backend = new ScriptedBackend();
  gateway = new WebSocketGateway({ backend, env });
  server = createServer();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    gateway.take(request, socket, head, true, { tokenMatches: () => true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  const closing = gateway.close(0);
  await untilSettled(closing);
  server.closeAllConnections();
  server.close();
});

/** Lets time pass until something has come about that waits for it. */
const untilSettled = async (promise: Promise<unknown>): Promise<void> => {
  let settled = false;
  const done = promise.then(() => {
    settled = true;
  });
  while (!settled) {
    env.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
};

const opened = async (options: { autoPong?: boolean } = {}): Promise<WebSocket> => {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/connect`, 'tutti.v1', options);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
};
const messages = (socket: WebSocket): Promise<NodeMessage[]> =>
  new Promise((resolve) => socket.once('message', (frame: Buffer) => resolve(decodeNodeFrame(frame))));
const greeted = async (options: { autoPong?: boolean } = {}): Promise<WebSocket> => {
  const socket = await opened(options);
  const welcome = messages(socket);
  socket.send(encodeFrame([[0, 1, null, 'c']]));
  expect((await welcome)[0]?.[0]).toBe(fromNode.welcome);
  return socket;
};
const closed = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve));
const pinged = (socket: WebSocket): Promise<void> => new Promise((resolve) => socket.once('ping', () => resolve()));

test('a client that answers pings stays; one that says nothing at all is ended', async () => {
  const [live, dead] = [await greeted(), await greeted({ autoPong: false })];
  const ended = closed(dead);
  for (let beat = 0; beat <= limits.clientHeartbeatsMissed; beat++) {
    const heard = pinged(live);
    env.advance(limits.clientHeartbeatMs);
    await heard;
    // Its answer has come when what it says next is answered.
    const answer = messages(live);
    live.send(encodeFrame([[3, beat]]));
    expect(await answer).toEqual([[fromNode.pong, beat]]);
  }
  await ended;
  expect(gateway.connections).toBe(1);
  live.close();
});

test('who does not say hello in time is ended', async () => {
  const socket = await opened();
  const ended = closed(socket);
  for (let waited = 0; waited <= limits.helloWaitMs; waited += limits.clientHeartbeatMs)
    env.advance(limits.clientHeartbeatMs);
  await ended;
  expect(gateway.connections).toBe(0);
});

test('a gateway that ends tells clients, answers what is answered in a moment, and closes', async () => {
  const socket = await greeted();
  const got: NodeMessage[] = [];
  socket.on('message', (frame: Buffer) => got.push(...decodeNodeFrame(frame)));
  socket.send(
    encodeFrame([
      [1, 1, 1, 'status', 'x'],
      [1, 2, 1, 'wait', 'x'],
    ]),
  );
  while (backend.answers.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const ended = closed(socket);
  const closing = gateway.close();
  while (got.length < 1) await new Promise((resolve) => setImmediate(resolve));
  expect(got).toEqual([[fromNode.hint, 'closing', null]]);
  const late = new WebSocket(socket.url, 'tutti.v1');
  expect(
    await new Promise((resolve) =>
      late.once('unexpected-response', (_request, response) => resolve(response.statusCode)),
    ),
  ).toBe(503);
  backend.answers[0]?.resolve('"x"');
  await untilSettled(closing);
  expect(await ended).toBe(closeCode.goingAway);
  expect(got[1]).toEqual([fromNode.reply, 1, 1, '"x"']);
  expect(backend.signals[1]?.aborted).toBe(true);
});
