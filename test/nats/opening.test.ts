/** What the NATS engine looks at before it relies on a server, with real servers of each kind. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from '@nats-io/transport-node';
import { afterEach, expect, test } from 'vitest';
import { connectNats } from '../../src/engine/nats/connect.ts';
import type { NatsOptions, NatsWarning } from '../../src/engine/nats/nats-options.ts';
import { findNatsServer } from '../../src/engine/nats/server-binary.ts';
import { isTuttiError, type TuttiError } from '../../src/errors/tutti-error.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import { type NatsCluster, type NatsClusterOptions, startNatsCluster } from '../../tools/nats-cluster.ts';
import { ensureNatsServer, ensureOldNatsServer } from '../../tools/setup-nats.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const start = async (options: NatsClusterOptions = {}): Promise<NatsCluster> => {
  const servers = await startNatsCluster({ servers: 1, ...options });
  closing.push(() => servers.close());
  return servers;
};

const connectTo = async (servers: NatsCluster, more: Partial<NatsOptions> = {}) => {
  const engine = await connectNats({
    servers: servers.urls,
    cluster: 'c',
    replicas: servers.replicas,
    name: 'test',
    env: nodeEnv(),
    onWarning: () => {},
    ...more,
  });
  closing.push(() => engine.close());
  return engine;
};

const failure = async (promise: Promise<unknown>): Promise<TuttiError> => {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (!isTuttiError(error)) throw error;
  return error;
};

test('a server that can lose what it acknowledged is refused, with the version that is needed and how to get it', async () => {
  const { path: binary } = await ensureOldNatsServer();
  const servers = await start({ binary, configure: (server) => ({ ...server, syncInterval: null }) });
  const error = await failure(connectTo(servers));
  // Not only the server to which this process happens to be connected.
  const good = await start();
  expect(await failure(connectTo(good, { monitors: [servers.monitor(0)] }))).toMatchObject({ code: 'ENGINE_VERSION' });
  expect(error).toMatchObject({ code: 'ENGINE_VERSION', details: { found: '2.9.10', minimum: '2.14.4' } });
  expect(error.message).toContain('npm run setup:nats');
});

/** Where the server is reached as if an older one led its JetStream. */
const withOldLeader = async (servers: NatsCluster): Promise<string> => {
  const { hostname, port } = new URL(servers.urls[0] as string);
  const older = createServer((client) => {
    const server = dial({ host: hostname, port: Number(port) });
    client.pipe(server);
    server.on('data', (bytes) => client.write(bytes.toString('latin1').replace(/"level":\d/, '"level":2'), 'latin1'));
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const) {
      end.on('error', () => other.destroy());
      end.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => older.listen(0, '127.0.0.1', resolve));
  closing.push(async () => void older.close());
  return `nats://127.0.0.1:${(older.address() as AddressInfo).port}`;
};

test('so is one whose JetStream is led by an older server', async () => {
  const servers = await start();
  const error = await failure(connectTo(servers, { servers: [await withOldLeader(servers)] }));
  expect(error).toMatchObject({ code: 'ENGINE_VERSION', details: { found: 'API level 2', minimum: 'API level 4' } });
});

test('a server that does not sync before it acknowledges is warned of, and one that nobody can look at', async () => {
  const servers = await start({ configure: (server) => ({ ...server, syncInterval: '2m' }) });
  const warnings: NatsWarning[] = [];
  const onWarning = (warning: NatsWarning): void => void warnings.push(warning);
  await connectTo(servers, { monitors: [servers.monitor(0)], onWarning });
  expect(warnings).toMatchObject([{ kind: 'sync', message: expect.stringContaining('n0') }]);
  await connectTo(servers, { monitors: ['http://127.0.0.1:1'], onWarning });
  await connectTo(servers, { onWarning });
  expect(warnings.map(({ kind }) => kind)).toEqual(['sync', 'sync-unseen', 'sync-unseen']);
});

test('a server that is as it should be is not warned of', async () => {
  const servers = await start();
  const warnings: NatsWarning[] = [];
  const engine = await connectTo(servers, {
    monitors: [servers.monitor(0)],
    onWarning: (warning) => void warnings.push(warning),
  });
  expect(warnings).toEqual([]);
  expect(engine.connected).toBe(true);
  expect(engine.serverVersion).toBe((await ensureNatsServer()).version);
});

test('what a server cannot give is an error that says which setting it is', async () => {
  const servers = await start();
  const details = async (promise: Promise<unknown>) => {
    const error = await failure(promise);
    expect(error.code).toBe('ENGINE_SETTINGS');
    return error.details;
  };
  const recordBytesMax = 64 * 1024 * 1024;
  expect(await details(connectTo(servers, { recordBytesMax }))).toMatchObject({ setting: 'max_payload' });
  // One server cannot hold three copies, and what somebody else made under the name may drop records.
  const three = await connectTo(servers, { replicas: 3 });
  expect(await details(three.openLog('p0'))).toMatchObject({ stream: 'TUTTI_c_log_p0' });
  const others = await connect({ servers: [...servers.urls] });
  closing.push(() => others.close());
  const stream = { name: 'TUTTI_c_log_p0', subjects: ['tutti.c.log.p0'] };
  await others.request('$JS.API.STREAM.CREATE.TUTTI_c_log_p0', JSON.stringify(stream));
  const one = await connectTo(servers);
  expect(await details(one.openLog('p0'))).toMatchObject({ why: expect.stringContaining('discard old') });

  const users = [{ user: 'a', password: 'b' }];
  const without = await start({
    configure: (server) => ({
      ...server,
      accounts: { A: { jetstream: false, users }, B: { jetstream: true, users: [] } },
    }),
  });
  const credentials = { user: 'a', password: 'b' };
  expect(await details(connectTo(without, { credentials }))).toMatchObject({ setting: 'jetstream' });
  expect(await failure(connectTo(without))).toMatchObject({ code: 'UNAUTHORIZED' });
});

test('a server without room takes no record, says so once, and what it did not take is not there', async () => {
  const servers = await start({ configure: (server) => ({ ...server, storeBytesMax: 1_000_000 }) });
  const warnings: NatsWarning[] = [];
  const monitors = [servers.monitor(0)];
  const engine = await connectTo(servers, { monitors, onWarning: (warning) => void warnings.push(warning) });
  const log = await engine.openLog('full');
  let after = 0;
  while ((await log.append(new Uint8Array(100_000), after)).kind === 'appended') after++;
  expect(after).toBeGreaterThan(5);
  expect((await log.append(new Uint8Array(100_000), after)).kind).toBe('unknown');
  expect(warnings).toMatchObject([{ kind: 'refused', message: expect.stringContaining('TUTTI_c_log_full') }]);
  expect(await log.end()).toBe(after);
});

test('no server, and no good name, are errors at once', async () => {
  const servers = await start();
  await expect(connectTo(servers, { cluster: 'a.b' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(connectTo(servers, { servers: ['nats://127.0.0.1:1'] })).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

test('a machine without a server that can be run is told how to get one', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tutti-nats-'));
  closing.push(() => rm(folder, { recursive: true }));
  const fake = path.join(folder, 'nats-server');
  await writeFile(fake, '#!/bin/sh\necho "nats-server: v2.10.27"\n', { mode: 0o755 });
  const error = await failure(findNatsServer({ TUTTI_NATS_SERVER: fake }));
  expect(error.code).toBe('ENGINE_MISSING');
  expect(error.message).toContain('2.10.27');
  expect(error.message).toContain('npm run setup:nats');
  await expect(findNatsServer({ TUTTI_NATS_SERVER: path.join(folder, 'none') })).rejects.toMatchObject({
    message: expect.stringContaining('does not run'),
  });
  // What the path does not have is found in the cache.
  const { path: real, version } = await ensureNatsServer();
  if (real.includes(version))
    expect(await findNatsServer({ PATH: folder, HOME: process.env['HOME'] })).toEqual({ path: real, version });
});

test('a server that cannot start says why, and one that dies is started again', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const client = { host: '127.0.0.1', port };
  // Tried with other ports, if it were not always the same one.
  const error = await failure(start({ configure: (server) => ({ ...server, client }) }));
  taken.close();
  expect(error).toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('address already in use') });

  const servers = await start({ restarts: true });
  const [server] = servers.servers;
  const before = server?.pid;
  server?.signal('SIGKILL');
  await server?.ended();
  await server?.untilHealthy();
  expect(server?.pid).not.toBe(before);
});
