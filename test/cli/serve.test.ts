/** `tutti serve` as a process: JSON lines, a drain on SIGTERM, exit codes, a crash that is survived. */
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Ended, eventsOf, type Running, Workplace } from './command.fixture.ts';

const app = `
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { task } from 'tutti';
console.log('printed at module level');
export const hello = task(async (_ctx, name: string) => 'hello ' + name);
export const waits = task(async (ctx, go: string) => {
  while (!existsSync(go)) await setTimeout(20, undefined, { signal: ctx.signal });
  return 'gone';
});
export const crash = task({ retry: { attempts: 1 } }, () => { process.kill(process.pid, 'SIGABRT'); for (;;); });
`;

let place: Workplace;
beforeAll(() => {
  place = new Workplace(app);
});
afterAll(() => place.remove());

const serving = async (...args: readonly string[]): Promise<{ readonly node: Running; readonly url: string }> => {
  const node = place.start(['serve', 'app.ts', '--port', '0', ...args]);
  const [, url] = await node.seen(/"url":"([^"]+)"/);
  return { node, url: url as string };
};

const messagesOf = (err: string): unknown[] => eventsOf(err).map(({ message }) => message);

test('serves, logs JSON lines on stderr alone, and on SIGTERM gives back what runs and ends with 0', async () => {
  const { node, url } = await serving('--data', 'drained');
  expect((await ask(`${url}/v1/tasks/hello?wait=60s`, 'Ada')).json).toBe('hello Ada');
  await ask(`${url}/v1/tasks/waits`, place.path('go'), { 'idempotency-key': 'w' });
  node.kill('SIGTERM');
  const { code, out, err } = await node.ended;
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(messagesOf(err)).toEqual(
    expect.arrayContaining(['printed at module level', 'serving', 'stopping; once more ends it at once', 'stopped']),
  );
  // It was given back without blame, and goes on.
  const [task] = eventsOf((await place.run(['list', '--data', 'drained', '--task', 'waits', '--json'])).out);
  expect(task).toMatchObject({ state: 'queued', attempts: 0 });
  const again = await serving('--data', 'drained');
  expect(eventsOf(again.node.err).find(({ message }) => message === 'serving')).toMatchObject({
    tasks: ['crash', 'hello', 'waits'],
    unfinished: [{ name: 'waits', count: 1 }],
  });
  place.write('go', '');
  expect((await ask(`${again.url}/v1/tasks/waits?wait=60s`, place.path('go'), { 'idempotency-key': 'w' })).json).toBe(
    'gone',
  );
  again.node.kill('SIGTERM');
  expect((await again.node.ended).code).toBe(0);
});

test('a second SIGTERM ends it at once, while a request is still waited for', async () => {
  const { node, url } = await serving('--data', 'twice');
  const { hostname, port } = new URL(url);
  const slow = createConnection(Number(port), hostname);
  const cut = new Promise((resolve) => slow.once('close', resolve));
  slow.on('error', () => undefined);
  slow.write(
    'POST /v1/tasks/hello HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"A',
  );
  // What is answered on another connection came after it.
  await ask(`${url}/v1/tasks/hello?wait=60s`, 'Ada');
  node.kill('SIGTERM');
  await node.seen(/once more ends it at once/);
  node.kill('SIGTERM');
  expect((await node.ended).code).toBe(143);
  await cut;
});

test('a crash of its process is logged, and it is started again on the same port', async () => {
  const { node, url } = await serving('--data', 'crashed');
  const mark = node.err.length;
  // It may be gone before it answers.
  await ask(`${url}/v1/tasks/crash`, null).catch(() => undefined);
  await node.seen(/"how":"SIGABRT[^\n]*"message":"the process that runs the node ended"/);
  const [, again] = await node.seen(/"url":"([^"]+)"/, mark);
  expect(again).toBe(url);
  expect((await ask(`${url}/v1/tasks/hello?wait=60s`, 'Ada')).json).toBe('hello Ada');
  node.kill('SIGTERM');
  expect((await node.ended).code).toBe(0);
});

test('what keeps it from starting is told with its code, and ends it', async () => {
  const { node, url } = await serving('--data', 'held');
  const port = new URL(url).port;
  const refused = async (...args: readonly string[]): Promise<readonly unknown[]> => {
    const { code, err } = await place.run(['serve', 'app.ts', ...args]);
    return [code, eventsOf(err).at(-1)?.['code']];
  };
  expect(await refused('--port', port, '--data', 'other')).toEqual([4, 'ADDRESS_IN_USE']);
  expect(await refused('--port', '0', '--data', 'held')).toEqual([4, 'DATA_LOCKED']);
  // Nothing is opened before it is known that it may be served.
  expect(await refused('--port', '0', '--host', '0.0.0.0', '--data', 'never')).toEqual([2, 'ADDRESS_UNPROTECTED']);
  expect(await refused('--port', '0', '--token', 'short', '--data', 'never')).toEqual([2, 'OPTION_INVALID']);
  expect(existsSync(place.path('never'))).toBe(false);
  place.write('bad.ts', `throw new Error('no settings');\n`);
  const bad = await place.run(['serve', 'bad.ts', '--port', '0']);
  expect([bad.code, eventsOf(bad.err).at(-1)]).toMatchObject([
    2,
    { code: 'APP_LOAD', message: expect.stringContaining('bad.ts:1') },
  ]);
  node.kill('SIGTERM');
  await node.ended;
});

test('a token is asked for, also by TUTTI_TOKEN', async () => {
  const node = place.start(['serve', 'app.ts', '--port', '0', '--data', 'token'], {
    env: { TUTTI_TOKEN: 'a-token-that-is-long-enough' },
  });
  const [, url] = await node.seen(/"url":"([^"]+)"/);
  expect((await ask(`${url}/v1/app`)).status).toBe(401);
  const { status } = await ask(`${url}/v1/app`, undefined, { authorization: 'Bearer a-token-that-is-long-enough' });
  expect(status).toBe(200);
  expect(node.err).not.toContain('long-enough');
  node.kill('SIGINT');
  expect((await node.ended).code).toBe(0);
});

test('with a certificate and a token it is reached from other machines, by TLS and with the token alone', async () => {
  const pem = (name: string): string => join(import.meta.dirname, '../gateway/testdata', name);
  const env = { TUTTI_TOKEN: 'a-token-that-is-long-enough', NODE_EXTRA_CA_CERTS: pem('cert.pem') };
  const node = place.start(
    [
      'serve',
      'app.ts',
      '--port',
      '0',
      '--data',
      'tls',
      '--host',
      '0.0.0.0',
      '--tls-cert',
      pem('cert.pem'),
      '--tls-key',
      pem('key.pem'),
    ],
    { env },
  );
  const [, port] = await node.seen(/"url":"https:\/\/0\.0\.0\.0:(\d+)"/);
  const hello = (url: string, TUTTI_TOKEN: string): Promise<Ended> =>
    place.run(['run', 'hello', '"Ada"', '--url', url], { env: { ...env, TUTTI_TOKEN } });
  for (const host of ['127.0.0.1', 'localhost'])
    expect(await hello(`https://${host}:${port}`, env.TUTTI_TOKEN)).toMatchObject({ code: 0, out: '"hello Ada"\n' });
  const stranger = await hello(`https://127.0.0.1:${port}`, 'another-token-that-is-long-enough');
  expect(stranger).toMatchObject({ code: 2, out: '', err: expect.stringContaining('UNAUTHORIZED') as unknown });
  // Whoever speaks no TLS is told nothing.
  await expect(ask(`http://127.0.0.1:${port}/v1/app`)).rejects.toThrow();
  node.kill('SIGTERM');
  expect((await node.ended).code).toBe(0);
});

test('pages of origins that --allow-origin names are let in, and no others', async () => {
  const origins = ['https://shop.example', 'http://localhost:5173'];
  const { node, url } = await serving('--data', 'origins', ...origins.flatMap((origin) => ['--allow-origin', origin]));
  for (const origin of origins) {
    const { status, headers } = await fetch(`${url}/v1/app`, { headers: { origin } });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, origin]);
  }
  const other = await fetch(`${url}/v1/app`, { headers: { origin: 'https://shop.example.org' } });
  expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  expect(await other.json()).toMatchObject({ code: 'ORIGIN_REFUSED' });
  node.kill('SIGTERM');
  expect((await node.ended).code).toBe(0);
});

test.each([
  [['--tls-cert', 'app.ts'], '--tls-cert and --tls-key belong together: --tls-key is missing'],
  [['--tls-cert', 'app.ts', '--tls-key', 'none.pem'], 'The file of --tls-key cannot be read'],
  [['--port', '70000'], 'It is a whole number from 0 to 65535'],
  [['--prot', '1'], 'Did you mean --port?'],
])('serve %j is exit code 2 and says why', async (args, says) => {
  const { code, out, err } = await place.run(['serve', 'app.ts', ...args]);
  expect(err).toContain(says);
  expect({ code, out }).toEqual({ code: 2, out: '' });
});
