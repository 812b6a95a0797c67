/** The NATS engine over TLS, as a node of a cluster has it: its certificate says who it is, and its answers come under its own prefix. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
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
  const node = fileOf('node', { kind: 'node', app: 'shop', name: 'a' });
  const access = natsAccess({ servers: ['n0'], apps: { shop: ['a'] } });
  const servers = await startNatsCluster({
    servers: 1,
    configure: (options) => ({ ...options, ...access, tls: { cert: server, key: server, ca, verify: 'map' } }),
  });
  onTestFinished(() => servers.close());
  const tls = { cert: node, key: node, ca };
  const engine = await connectTo(servers, { tls, inboxPrefix: '_INBOX.a' });
  onTestFinished(() => engine.close());
  const log = await engine.openLog('p0');
  expect(await log.append(recordOf(1), 0)).toEqual({ kind: 'appended', position: 1 });
  expect(await readTexts(log, 1)).toHaveLength(1);
  const blobs = await engine.openBlobs();
  await blobs.put('a', recordOf(2));
  expect(await blobs.get('a')).toEqual(Buffer.from(recordOf(2)));
  engine.bus.respond('who', () => recordOf(3));
  expect(await engine.bus.request('who', recordOf(1), 5_000)).toEqual(recordOf(3));
  await expect(connectTo(servers, { tls: { ca } })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await expect(connectTo(servers)).rejects.toMatchObject({ code: expect.stringMatching(/^UN(REACHABLE|AUTHORIZED)$/) });
});
