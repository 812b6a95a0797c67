/** The gateway on a port: who gets in, what is refused before anything is read, and how it ends. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect as connectClient } from '../../src/client/client.ts';
import type { Backend } from '../../src/gateway/backend.ts';
import { type GatewayServer, type ListenOptions, listen } from '../../src/gateway/server.ts';
import { limits } from '../../src/limits.ts';
import { type EmbeddedNode, openNode } from '../../src/node/open.ts';
import * as app from './gateway-app.fixture.ts';
import { told } from './gateway-node.fixture.ts';

const token = 'a-token-of-the-tests';
const testdata = (name: string): string => readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8');
const tls = { cert: testdata('cert.pem'), key: testdata('key.pem') };

let node: EmbeddedNode;
let backend: Backend;
const servers: GatewayServer[] = [];
const reports: unknown[] = [];

beforeAll(async () => {
  const module = new URL('./gateway-app.fixture.ts', import.meta.url).href;
  node = await openNode({ module, engine: 'memory', executors: 1 }, undefined);
  backend = await node.backend();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  expect(reports).toEqual([]);
});
afterAll(() => node.close());

const listenWith = async (options: Partial<ListenOptions> = {}): Promise<GatewayServer> => {
  const server = await listen(backend, { port: 0, report: (error) => reports.push(error), ...options });
  servers.push(server);
  return server;
};

/** What comes back for bytes that are sent as they are, until the server ends the connection. */
const exchange = async (port: number, sent: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.write(sent);
  return text(socket);
};

const upgradeText = (path: string, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n`;

describe('an address that others reach', () => {
  test.each([
    [{}, 'TLS (a certificate and its key) and a token'],
    [{ token }, 'TLS (a certificate and its key)'],
    [{ tls }, 'a token'],
  ])('is not listened at without TLS and a token', async (options, missing) => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1'])
      await expect(listenWith({ host, ...options })).rejects.toMatchObject({
        code: 'ADDRESS_UNPROTECTED',
        message: expect.stringContaining(`needs ${missing}.`),
      });
  });

  test('speaks TLS with both, and asks for the token', async () => {
    const { port } = await listenWith({ tls, token });
    const ask = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const request = httpsRequest({ port, host: '127.0.0.1', path: '/v1/app', ca: tls.cert, headers }, (response) =>
          resolve(response.resume().statusCode),
        );
        request.on('error', reject).end();
      });
    expect(await ask({})).toBe(401);
    expect(await ask({ authorization: `Bearer ${token}` })).toBe(200);
  });
});

describe('what cannot be listened with is told', () => {
  test('a port that is taken', async () => {
    const { port } = await listenWith();
    await expect(listenWith({ port })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE', details: { port } });
  });

  test.each([
    ['a token that is short', { token: 'short' }],
    ['a token with a space', { token: 'a token of the tests' }],
    ['a certificate that is none', { tls: { cert: 'x', key: 'y' } }],
    ['an address of another machine', { host: '192.0.2.1', tls, token }],
    ['an origin that is none', { allowOrigins: ['*'] }],
  ])('%s', async (_what, options) => {
    await expect(listenWith(options)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});

describe('with a token', () => {
  test('only what says nothing of tasks is told without it', async () => {
    const { url } = await listenWith({ token });
    const status = async (path: string, headers = {}): Promise<number> => (await fetch(url + path, { headers })).status;
    for (const path of ['/v1/app', '/v1/tasks', '/metrics', '/openapi.json', '/v1/tasks/x/events'])
      expect(await status(path), path).toBe(401);
    expect(await status('/healthz')).toBe(200);
    expect(await status('/v1/app', { authorization: `Bearer ${token}` })).toBe(200);
  });

  test('a browser trades it for a cookie', async () => {
    const { url } = await listenWith({ token });
    const session = (init: RequestInit): Promise<Response> => fetch(`${url}/v1/session`, init);
    expect((await session({ method: 'POST' })).status).toBe(401);
    const signedIn = await session({ method: 'POST', headers: { authorization: `Bearer ${token}` } });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] as string;
    expect(await told(session({ headers: { cookie } }))).toMatchObject({ body: { tokenAsked: true, admitted: true } });
    expect(await told(session({}))).toMatchObject({ body: { tokenAsked: true, admitted: false } });
    expect((await fetch(`${url}/v1/app`, { headers: { cookie } })).status).toBe(200);
  });

  test('a start without it starts nothing', async () => {
    const { url } = await listenWith({ token });
    const before = (await node.list()).length;
    expect(await told(fetch(`${url}/v1/tasks/echo`, { method: 'POST', body: '1' }))).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHORIZED' },
    });
    expect((await node.list()).length).toBe(before);
  });
});

describe('pages of other origins', () => {
  const origin = 'https://shop.example';

  test('start nothing and read nothing', async () => {
    const { url } = await listenWith();
    const before = (await node.list()).length;
    // What a form or a script sends without asking first.
    const headers = { origin, 'content-type': 'text/plain' };
    const start = await fetch(`${url}/v1/tasks/echo`, { method: 'POST', body: '1', headers });
    expect(start.headers.has('access-control-allow-origin')).toBe(false);
    expect(await told(start)).toMatchObject({ status: 403, body: { code: 'ORIGIN_REFUSED' } });
    expect((await node.list()).length).toBe(before);
  });

  test('are let in where their origin is allowed', async () => {
    const { url } = await listenWith({ allowOrigins: [origin] });
    const preflight = await fetch(`${url}/v1/tasks/echo`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key');
    const answer = await fetch(`${url}/v1/app`, { headers: { origin } });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
  });

  test('a name that resolves to this machine is not its own', async () => {
    const { port } = await listenWith();
    const answer = await exchange(port, 'GET /v1/app HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 421 /);
    expect(answer).toContain('HOST_REFUSED');
  });
});

describe('what is malformed is refused, and the gateway goes on', () => {
  test.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a header that is none', 'GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n', 400],
    ['headers without an end', `GET / HTTP/1.1\r\nHost: localhost\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'a body of two lengths',
      'POST /v1/tasks/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n11',
      400,
    ],
    ['a host with a path', 'GET /v1/app HTTP/1.1\r\nHost: localhost/x\r\nConnection: close\r\n\r\n', 400],
    ['an address that is none', 'GET http://[ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
  ])('%s', async (_what, sent, status) => {
    const { port, url } = await listenWith();
    const answer = await exchange(port, sent);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('"code":"PROTOCOL_INVALID"');
    expect((await fetch(`${url}/v1/app`)).status).toBe(200);
  });
});

describe('more connections than are served', () => {
  const asked = 'GET /v1/app HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const upgradeAsked = upgradeText(
    '/v1/connect',
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
  );
  const refused =
    /^HTTP\/1\.1 503 OVERLOADED\r\ncontent-type: application\/problem\+json\r\n.*retry-after: 2\r\n.*\r\n\r\n\{.*"code":"OVERLOADED","outcome":"rejected","retry":"later"/s;

  /** A connection over which nothing is sent. */
  const idle = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };

  test('are told so and when to come again, and served when others have gone', async () => {
    const { port } = await listenWith({ connectionsMax: 1 });
    const first = await idle(port);
    expect(await exchange(port, asked)).toMatch(refused);
    expect(await exchange(port, upgradeAsked)).toMatch(refused);
    first.destroy();
    await expect.poll(() => exchange(port, asked)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('are told over TLS as well', async () => {
    const { port } = await listenWith({ connectionsMax: 1, tls });
    const secure = async (): Promise<Socket> => {
      const socket = connectTls({ port, host: '127.0.0.1', ca: tls.cert });
      await once(socket, 'secureConnect');
      return socket;
    };
    const first = await secure();
    const second = await secure();
    second.write(asked);
    expect(await text(second)).toMatch(refused);
    first.destroy();
  });

  test('are cut without a word where they are very many', async () => {
    const { port } = await listenWith({ connectionsMax: 1 });
    const sockets: Socket[] = [];
    for (let count = 0; count <= limits.gatewayConnectionsToldMax; count++) sockets.push(await idle(port));
    const cut = await idle(port);
    expect(await text(cut).catch(() => '')).toBe('');
    for (const socket of sockets) expect(socket.closed).toBe(false);
    for (const socket of sockets) socket.destroy();
  });

  test('of clients are told before they are clients, and HTTP is served beside them', async () => {
    const { port, url } = await listenWith({ clientConnectionsMax: 1 });
    const first = await idle(port);
    first.write(upgradeAsked);
    expect(String((await once(first, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /);
    expect(await exchange(port, upgradeAsked)).toMatch(refused);
    expect((await fetch(`${url}/v1/app`)).status).toBe(200);
    first.destroy();
    const client = connectClient(url, { app });
    expect(await client.run(app.echo, 1)).toBe(1);
    await client.close();
  });
});

describe('headers that come too slowly', () => {
  /** Begins a request and sends a letter of a header every few milliseconds, whatever comes back, until it is cut off. */
  const dribble = (port: number): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('GET /v1/app HTTP/1.1\r\nHost: localhost\r\nX-Filler: ');
    const letters = setInterval(() => socket.write('x'), 5);
    let answer = '';
    socket.on('data', (data: Buffer) => {
      answer += data.toString();
    });
    socket.on('error', () => undefined);
    return new Promise((resolve) =>
      socket.on('close', () => {
        clearInterval(letters);
        resolve(answer);
      }),
    );
  };

  test('are answered with 408 and cut, a letter at a time or none at all, while others are served', async () => {
    const { port, url } = await listenWith({ headersMs: 200 });
    let isOver = false;
    const slow = Promise.all([dribble(port), exchange(port, '')]).finally(() => {
      isOver = true;
    });
    let served = 0;
    while (!isOver) {
      expect((await fetch(`${url}/v1/app`)).status).toBe(200);
      served++;
    }
    expect(served).toBeGreaterThan(3);
    const answers = await slow;
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 .*"code":"PROTOCOL_INVALID"/s);
  });
});

describe('WebSockets', () => {
  test('are for the gateway of clients, once host and origin were looked at', async () => {
    const { port } = await listenWith();
    const switched = await exchange(port, upgradeText('/v1/connect'));
    expect(switched).toMatch(/^HTTP\/1.1 400 /);
    expect(await exchange(port, upgradeText('/v1/connect', 'Origin: https://shop.example\r\n'))).toContain('403');
    expect(await exchange(port, upgradeText('/other'))).toContain('ROUTE_UNKNOWN');
  });

  test('carry a client beside HTTP, which names its token in the first message', async () => {
    const { url } = await listenWith({ token });
    const client = connectClient(url, { app, token });
    expect(await client.run(app.echo, [1n])).toEqual([1n]);
    await client.close();
    const stranger = connectClient(url, { app, token: `${token}2` });
    await expect(stranger.run(app.echo, 1)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await stranger.close();
  });
});

describe('closing', () => {
  test('answers what waits, takes nothing new, and lets go of idle connections', async () => {
    const server = await listenWith();
    expect((await fetch(`${server.url}/v1/app`)).status).toBe(200);
    const id = await backend.start({ id: undefined, name: 'waits', input: '1', key: undefined, delayMs: 0 });
    const events = await fetch(`${server.url}/v1/tasks/${id}/events`);
    const waiting = fetch(`${server.url}/v1/tasks/waits?wait=5min`, { method: 'POST' });
    await expect.poll(async () => (await node.list({ name: 'waits', state: 'waiting' })).length).toBe(2);
    await server.close();
    expect((await waiting).status).toBe(202);
    expect(await events.text()).toContain('event: problem');
    await expect(fetch(`${server.url}/v1/app`)).rejects.toThrow();
    for (const task of await node.list({ state: 'unfinished' })) await node.cancel(task.id);
  });
});
