/** The NATS engine over TLS, as nodes of a cluster have it: a certificate says who each is, and it may do what a node needs and no more. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { NatsEngine } from '../../src/engine/nats/connect.ts';
import { inboxOf } from '../../src/engine/nats/names.ts';
import { nodeRights } from '../../src/engine/nats/rights.ts';
import { limits } from '../../src/limits.ts';
import { ownKeyPair } from '../../src/security/authority.ts';
import type { Identity } from '../../src/security/identity.ts';
import { writeKeyPair } from '../../src/security/key-pair-file.ts';
import { natsAccess } from '../../src/security/nats-access.ts';
import { PrivateFolder } from '../../src/security/private-folder.ts';
import { newAuthority } from '../../src/security/security.fixture.ts';
import { startNatsCluster } from '../../tools/nats-cluster.ts';
import { connectTo, readTexts, recordOf } from './engine.ts';

test('log, blobs and bus work with a certificate, and nothing does without one', async () => {
  const authority = newAuthority(Date.now());
  const folder = mkdtempSync(path.join(tmpdir(), 'tutti-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const ca = path.join(folder, 'ca.crt');
  writeFileSync(ca, authority.certificate);
  const fileOf = (name: string, identity: Identity): string => {
    const pair = ownKeyPair(authority, { identity, hosts: [] }, Date.now());
    const secrets = new PrivateFolder(path.join(folder, name));
    writeKeyPair(secrets, 'own.pem', { ...pair, authority: authority.certificate });
    return path.join(secrets.path, 'own.pem');
  };
  const server = fileOf('server', { kind: 'server', name: 'n0' });
  const access = natsAccess({ servers: ['n0'], apps: { c: ['a', 'b'] } }, (app, node) => nodeRights(app, 1, node));
  const servers = await startNatsCluster({
    servers: 1,
    configure: (options) => ({ ...options, ...access, tls: { cert: server, key: server, ca, verify: 'map' } }),
  });
  onTestFinished(() => servers.close());
  const enter = async (name: string): Promise<NatsEngine> => {
    const node = fileOf(name, { kind: 'node', app: 'c', name });
    const engine = await connectTo(servers, {
      tls: { cert: node, key: node, ca },
      inboxPrefix: inboxOf(name),
      onWarning: ({ kind, message }) => void (kind === 'refused' && refused.push(message)),
    });
    onTestFinished(() => engine.close());
    return engine;
  };
  const refused: string[] = [];
  const [engine, other] = [await enter('a'), await enter('b')];
  const log = await engine.openLog('p0');
  expect(await log.append(recordOf(1), 0)).toEqual({ kind: 'appended', position: 1 });
  expect(await readTexts(await other.openLog('p0'), 1)).toHaveLength(1);
  expect(await log.append(recordOf(2), 1)).toEqual({ kind: 'appended', position: 2 });
  await log.trim(2);
  expect(await log.start()).toBe(2);
  const long = new Uint8Array(3 * limits.busPieceBytes).fill(7);
  const blobs = await engine.openBlobs();
  await blobs.put('a', recordOf(2));
  await blobs.put('b', long);
  expect(await blobs.get('a')).toEqual(Buffer.from(recordOf(2)));
  expect(await (await other.openBlobs()).get('b')).toEqual(long);
  expect(await blobs.list('')).toEqual(['a', 'b']);
  await blobs.delete('b');
  expect(await blobs.list('')).toEqual(['a']);
  engine.bus.respond('who', () => recordOf(3));
  expect(await other.bus.request('who', recordOf(1), 5_000)).toEqual(recordOf(3));
  // In pieces, there and back.
  engine.bus.respond('same', (bytes) => bytes);
  expect(await other.bus.request('same', long, 5_000)).toEqual(long);
  expect(refused).toEqual([]);
  await expect(connectTo(servers, { tls: { ca } })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await expect(connectTo(servers)).rejects.toMatchObject({ code: expect.stringMatching(/^UN(REACHABLE|AUTHORIZED)$/) });
});
