import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { TuttiError } from '../errors/tutti-error.ts';
import { protocolVersion } from '../protocol/protocol-version.ts';
import {
  connectPath,
  decodeNodeFrame,
  encodeFrame,
  fromClient,
  fromNode,
  type NodeMessage,
  subprotocol,
} from '../protocol/wire.ts';
import { ScriptedBackend } from './connection.fixture.ts';
import { type GatewayServer, listen } from './server.ts';

let server: GatewayServer | undefined;
afterEach(() => server?.close());

/** A connection that was let in, and what comes over it one by one. */
const connected = async (url: string) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${connectPath}`, [subprotocol]);
  const messages: NodeMessage[] = [];
  let arrived = (): void => undefined;
  socket.on('message', (data: Buffer) => {
    messages.push(...decodeNodeFrame(data));
    arrived();
  });
  const next = async (): Promise<NodeMessage> => {
    for (;;) {
      const message = messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
  };
  await once(socket, 'open');
  socket.send(encodeFrame([[fromClient.hello, protocolVersion, null, 'c']]));
  expect((await next())[0]).toBe(fromNode.welcome);
  return { socket, next };
};

test('when one client is refused for load, all are told to pause, once for as long as that lasts', async () => {
  const backend = new ScriptedBackend();
  server = await listen(backend, { port: 0, report: () => undefined });
  const [busy, other] = [await connected(server.url), await connected(server.url)];
  for (const request of [1, 2])
    busy.socket.send(encodeFrame([[fromClient.request, request, 1, 'status', 'A'.repeat(26)]]));
  await expect.poll(() => backend.answers.length).toBe(2);
  for (const answer of backend.answers)
    answer.reject(new TuttiError('OVERLOADED', 'full', { details: { retryMs: 60_000 } }));
  expect(await other.next()).toEqual([fromNode.hint, 'overloaded', 60_000]);
  other.socket.send(encodeFrame([[fromClient.ping, 7]]));
  expect(await other.next()).toEqual([fromNode.pong, 7]);
});
