import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ManualEnv, manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { protocolVersion } from '../protocol/protocol-version.ts';
import {
  closeCode,
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
import { WebSocketGateway } from './websocket.ts';

let server: GatewayServer | undefined;
afterEach(() => server?.close());

/** A connection that is open and over which nothing was said. */
const opened = async (url: string, autoPong = true): Promise<WebSocket> => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${connectPath}`, [subprotocol], { autoPong });
  await once(socket, 'open');
  return socket;
};

/** A connection that was let in, and what comes over it one by one. */
const connected = async (url: string, autoPong = true) => {
  const socket = await opened(url, autoPong);
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

describe('once a heartbeat everybody is looked at', () => {
  const beatMs = limits.clientHeartbeatMs;
  let env: ManualEnv;
  let gateway: WebSocketGateway;
  let http: Server;
  let url: string;
  let refused: unknown;
  /** The node's ends, in the order in which they came. */
  let ends: Duplex[];

  beforeEach(async () => {
    env = manualEnv();
    ends = [];
    gateway = new WebSocketGateway({ backend: new ScriptedBackend(), env, connectionsMax: 10 });
    http = createServer().on('upgrade', (request, socket, head) => {
      ends.push(socket);
      try {
        gateway.take(request, socket, head, true, { tokenMatches: () => false });
      } catch (error) {
        refused = error;
        socket.destroy();
      }
    });
    await once(http.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    return () => {
      for (const end of ends) end.destroy();
      http.close();
    };
  });

  /** What comes first: a ping, or the end and its code. */
  const next = (socket: WebSocket): Promise<unknown> =>
    Promise.race([once(socket, 'ping').then(() => 'ping'), once(socket, 'close').then(([code]) => code)]);

  test('who answers pings stays, and who is silent is ended', async () => {
    const present = await connected(url);
    const silent = await connected(url, false);
    for (let beat = 1; beat <= limits.clientHeartbeatsMissed; beat++) {
      const told = Promise.all([next(present.socket), next(silent.socket), once(ends[0] as Duplex, 'data')]);
      env.advance(beatMs);
      expect(await told).toMatchObject(['ping', 'ping', {}]);
    }
    const told = Promise.all([next(present.socket), next(silent.socket)]);
    env.advance(beatMs);
    expect(await told).toEqual(['ping', closeCode.silent]);
    present.socket.send(encodeFrame([[fromClient.ping, 7]]));
    expect(await present.next()).toEqual([fromNode.pong, 7]);
    expect(gateway.connections).toBe(1);
  });

  test('who does not say hello in time is ended, however lively', async () => {
    const mute = await opened(url);
    expect(limits.helloWaitMs).toBe(2 * beatMs);
    const first = next(mute);
    env.advance(beatMs);
    expect(await first).toBe('ping');
    const late = await opened(url);
    const second = Promise.all([next(mute), next(late)]);
    env.advance(beatMs);
    expect(await second).toEqual([closeCode.silent, 'ping']);
  });

  test('a look that comes late ends nobody, and the next one does', async () => {
    const { socket: silent } = await connected(url, false);
    const mute = await opened(url, false);
    const late = Promise.all([next(silent), next(mute)]);
    env.advance(10 * beatMs);
    expect(await late).toEqual(['ping', 'ping']);
    const inTime = Promise.all([next(silent), next(mute)]);
    env.advance(beatMs);
    expect(await inTime).toEqual([closeCode.silent, closeCode.silent]);
  });

  test('nobody is looked at where nobody is, and who comes later is looked at again', async () => {
    const { socket } = await connected(url);
    socket.close();
    await expect.poll(() => gateway.connections).toBe(0);
    env.advance(beatMs);
    env.advance(10 * beatMs);
    const later = await opened(url);
    const told = next(later);
    env.advance(beatMs);
    expect(await told).toBe('ping');
  });

  test('a gateway that has closed lets nobody in, and says why', async () => {
    await gateway.close();
    await expect(opened(url)).rejects.toThrow();
    expect(refused).toMatchObject({ code: 'NOT_READY', retry: 'later' });
  });
});
