import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { LifeLines } from './life-lines.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const processOf = async (token: string): Promise<{ readonly child: ChildProcess; readonly address: string }> => {
  const file = fileURLToPath(new URL('./life-line-process.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [file, token], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, address: line.toString().trim() };
};

const open = async (token: string) => {
  const told: string[] = [];
  let next = Promise.withResolvers<string>();
  const lines = await LifeLines.open({
    token,
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    onEnded: (run) => {
      told.push(run);
      next.resolve(run);
      next = Promise.withResolvers();
    },
  });
  ends.push(() => lines.close());
  return { lines, told, next: () => next.promise };
};

/** A connection to `server` was made and greeted. */
const met = (server: Server): Promise<unknown> => once(server, 'connection');

test('a process that is killed is told of at once, others are not', async () => {
  const own = await open('a');
  const [b, c] = [await processOf('b'), await processOf('c')];
  own.lines.follow(
    new Map([
      ['b', b.address],
      ['c', c.address],
    ]),
  );
  await expect.poll(() => own.lines.met).toEqual(['b', 'c']);
  const ended = own.next();
  b.child.kill('SIGKILL');
  expect(await ended).toBe('b');
  expect(own.told).toEqual(['b']);
});

test('a connection that ends while its process lives says nothing (V1)', async () => {
  const own = await open('a');
  const sockets = new Set<import('node:net').Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('tutti b\n');
  });
  ends.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const first = met(server);
  own.lines.follow(new Map([['b', `127.0.0.1:${port}`]]));
  await first;
  await expect.poll(() => own.lines.met).toEqual(['b']);
  for (let times = 0; times < 3; times++) {
    const again = met(server);
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await again;
    await expect.poll(() => own.lines.met).toEqual(['b']);
  }
  expect(own.told).toEqual([]);
});

test('a process that takes connections while it ends, and cuts them, is told of soon all the same', async () => {
  const own = await open('a');
  let [taken, greets] = [0, true];
  const sockets = new Set<import('node:net').Socket>();
  const server = createServer((socket) => {
    taken++;
    socket.on('error', () => undefined);
    if (greets) {
      sockets.add(socket);
      socket.write('tutti b\n');
      return;
    }
    socket.resetAndDestroy();
    if (taken === 6) server.close();
  });
  ends.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  own.lines.follow(new Map([['b', `127.0.0.1:${port}`]]));
  await expect.poll(() => own.lines.met).toEqual(['b']);
  greets = false;
  const [ended, beganMs] = [own.next(), performance.now()];
  for (const socket of sockets) socket.destroy();
  expect(await ended).toBe('b');
  // Five were cut: at the pace of lines that never stood it would take five times that pause.
  expect(performance.now() - beganMs).toBeLessThan(4 * limits.lifeLineAgainMs);
});

test('another run where the one before was: that one has ended', async () => {
  const own = await open('a');
  let token = 'b';
  const sockets = new Set<import('node:net').Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(`tutti ${token}\n`);
  });
  ends.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  own.lines.follow(new Map([['b', `127.0.0.1:${port}`]]));
  await expect.poll(() => own.lines.met).toEqual(['b']);
  token = 'b2';
  const ended = own.next();
  for (const socket of sockets) socket.destroy();
  expect(await ended).toBe('b');
});
