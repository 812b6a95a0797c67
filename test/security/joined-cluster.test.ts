/** Machines that joined with a token, and nothing else in common, are one NATS cluster; a renewal changes nothing for who uses it. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { connect } from '@nats-io/transport-node';
import { expect, onTestFinished, test } from 'vitest';
import { inboxOf, logStream, logSubject } from '../../src/engine/nats/names.ts';
import { nodeRights } from '../../src/engine/nats/rights.ts';
import type { NatsServerOptions } from '../../src/engine/nats/server/server-config.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import {
  authorityFingerprint,
  openAuthority,
  ownKeyPair,
  renewalRequest,
  signRenewal,
  trustAuthority,
} from '../../src/security/authority.ts';
import { readCertificate } from '../../src/security/certificate.ts';
import { joinCluster } from '../../src/security/join-cluster.ts';
import { joinListener, type NewMember } from '../../src/security/join-handler.ts';
import { fileTokenStore, JoinTokens } from '../../src/security/join-tokens.ts';
import { type KeyPairFile, keyToJoinWith, readKeyPair, writeKeyPair } from '../../src/security/key-pair-file.ts';
import { type NatsMembers, natsAccess } from '../../src/security/nats-access.ts';
import type { PrivateFolder } from '../../src/security/private-folder.ts';
import { freshFolder } from '../../src/security/security.fixture.ts';
import { startNatsCluster } from '../../tools/nats-cluster.ts';

const app = 'shop';
const names = ['n0', 'n1', 'n2'];

test('machines that joined are one cluster, and stay it when their certificates are renewed', async () => {
  const { clock, random } = nodeEnv();
  const folders = names.map(() => freshFolder());
  const first = folders[0] as PrivateFolder;
  const authority = openAuthority(first, clock.now());
  for (const [file, kind] of [
    ['server.pem', 'server'],
    ['node.pem', 'node'],
  ] as const) {
    const pair = ownKeyPair(authority, { identity: { kind, app, name: 'n0' }, hosts: [] }, clock.now());
    writeKeyPair(first, file, { ...pair, authority: authority.certificate });
  }
  const joined: NewMember[] = [];
  const members = (): NatsMembers => {
    const all = ['n0', ...joined.map(({ name }) => name)];
    return { servers: all, apps: { [app]: all } };
  };
  const tokens = new JoinTokens({
    store: fileTokenStore(first),
    clock,
    random,
    authority: authorityFingerprint(authority),
  });
  const own = pairIn(first, 'server.pem');
  const door = createServer(
    { key: own.key, cert: own.certificate + own.authority },
    joinListener(
      {
        authority,
        tokens,
        now: clock.now,
        isMember: (name) => members().servers.includes(name),
        admit: async (member) => void joined.push(member),
        facts: () => ({ cluster: 'test', replicas: 3, partitions: 12, routes: [], clients: [], members: members() }),
      },
      (error) => expect.unreachable(String(error)),
    ),
  );
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void door.close());
  const address = `127.0.0.1:${(door.address() as AddressInfo).port}`;

  for (const index of [1, 2]) {
    const folder = folders[index] as PrivateFolder;
    const keys = { node: keyToJoinWith(folder, 'node.pem'), server: keyToJoinWith(folder, 'server.pem') };
    const token = tokens.issue({ app, server: true, hosts: [] });
    const {
      node,
      server,
      authority: trusted,
    } = await joinCluster({ address, token, name: names[index] as string, keys, app });
    if (server === undefined) throw new Error('no certificate for servers');
    trustAuthority(folder, trusted);
    writeKeyPair(folder, 'node.pem', { ...node, authority: trusted });
    writeKeyPair(folder, 'server.pem', { ...server, authority: trusted });
  }

  const configured = (server: NatsServerOptions, index: number): NatsServerOptions => {
    const folder = folders[index] as PrivateFolder;
    const pem = path.join(folder.path, 'server.pem');
    const tls = { cert: pem, key: pem, ca: path.join(folder.path, 'ca.crt'), verify: 'map' } as const;
    const { routes, ...access } = natsAccess(members(), (of, node) => nodeRights(of, 1, node));
    if (server.cluster === undefined) throw new Error('a server on its own');
    return { ...server, ...access, tls, cluster: { ...server.cluster, tls, user: routes.user } };
  };
  const cluster = await startNatsCluster({ configure: configured });
  onTestFinished(() => cluster.close());

  const enter = async (index: number) => {
    const { key, certificate, authority: ca } = pairIn(folders[index] as PrivateFolder, 'node.pem');
    const connection = await connect({
      servers: cluster.url((index + 1) % 3),
      tls: { key, cert: certificate, ca },
      inboxPrefix: inboxOf(names[index] as string),
    });
    onTestFinished(() => connection.close());
    return connection;
  };
  const [one, other] = [await enter(1), await enter(2)];
  const [name, subject] = [logStream(app, 'p0'), logSubject(app, 'p0')];
  const stream = JSON.stringify({ name, subjects: [subject], storage: 'file', num_replicas: 3 });
  expect((await one.request(`$JS.API.STREAM.CREATE.${name}`, stream, { timeout: 20_000 })).json()).not.toHaveProperty(
    'error',
  );
  expect((await other.request(subject, 'a', { timeout: 20_000 })).json()).toMatchObject({ stream: name, seq: 1 });

  for (const index of [1, 2])
    for (const file of ['node.pem', 'server.pem']) {
      const folder = folders[index] as PrivateFolder;
      const old = pairIn(folder, file);
      const { key, request } = renewalRequest(old);
      // As it goes over a wire.
      const asked = JSON.parse(JSON.stringify(request)) as typeof request;
      const certificate = signRenewal(authority, asked, ({ name }) => names.includes(name), clock.now());
      expect(readCertificate(certificate).uris).toEqual(readCertificate(old.certificate).uris);
      writeKeyPair(folder, file, { ...old, key, certificate });
    }
  for (const [index, server] of cluster.servers.entries())
    await server.reload({ ...configured(server.options.server, index), monitor: server.options.server.monitor });
  expect((await one.request(subject, 'b', { timeout: 20_000 })).json()).toMatchObject({ seq: 2 });
  const renewed = await enter(1);
  expect((await renewed.request(subject, 'c', { timeout: 20_000 })).json()).toMatchObject({ seq: 3 });
  // A server that starts anew finds the others with what it has now.
  await cluster.kill(2);
  await cluster.start(2);
  const late = await enter(1);
  // It may not have heard yet who leads the stream, and then takes nothing.
  await expect
    .poll(async () => (await late.request(subject, 'd', { timeout: 20_000 })).json(), { timeout: 30_000 })
    .toMatchObject({ seq: 4 });
});

const pairIn = (folder: PrivateFolder, name: string): KeyPairFile => {
  const pair = readKeyPair(folder, name);
  if (pair === undefined) throw new Error(`there is no ${name}`);
  return pair;
};
