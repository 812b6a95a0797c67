/** The socket in the data folder, with those at its other end that behave badly. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeValue } from '../values/codec.ts';
import { askHolder, serveControl } from './control-socket.ts';
import type { FolderSocket } from './folder-socket.ts';
import type { LocalClient } from './local-client.ts';

type Follower = Parameters<LocalClient['followText']>[2];

let folder: string;
let served: FolderSocket;
let followed: PromiseWithResolvers<Follower>;
let left: PromiseWithResolvers<void>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-control-'));
  followed = Promise.withResolvers();
  left = Promise.withResolvers();
  const client: Pick<LocalClient, 'followText' | 'status'> = {
    followText: (_id, _from, follower) => {
      followed.resolve(follower);
      return left.resolve;
    },
    status: async () => undefined,
  };
  served = await serveControl(folder, {
    client: client as LocalClient,
    overview: () => Promise.reject(new Error('not asked for')),
    place: () => Promise.reject(new Error('not asked for')),
  });
});
afterEach(async () => {
  await served.close();
  rmSync(folder, { recursive: true });
});

/** Reads nothing until it is resumed. */
const dialled = async (): Promise<Socket> => {
  const socket = createConnection(join(folder, 'control.sock')).pause();
  await once(socket, 'connect');
  return socket;
};
const stillAnswers = async (): Promise<void> => expect(await askHolder(folder, 'status', 'x')).toBeUndefined();

test('outlives a follower that goes away without having read what was told: to it the connection is broken, not closed', async () => {
  const socket = await dialled();
  socket.write(`${JSON.stringify({ method: 'follow', args: encodeValue(['x', 0]) })}\n`);
  const follower = await followed.promise;
  follower.take(encodeValue({ type: 'state' }));
  await stillAnswers();
  socket.destroy();
  await left.promise;
  await stillAnswers();
});

test.each([
  'no JSON\n',
  '{"method":"follow","args":"',
  '{"method":"follow","args":"no value"}\n',
  '{"method":"list","args":"no value"}\n',
])('hangs up on %j, or tells what is wrong, and goes on', async (text) => {
  const socket = await dialled();
  socket.resume();
  socket.end(text);
  await once(socket, 'close');
  await stillAnswers();
});
