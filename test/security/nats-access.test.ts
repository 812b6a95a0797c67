/** Who gets into real NATS servers with the access that `natsAccess` gives, and what they see there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { inboxOf, logStream, logSubject } from '../../src/engine/nats/names.ts';
import { nodeRights } from '../../src/engine/nats/rights.ts';
import type { NatsServerOptions } from '../../src/engine/nats/server/server-config.ts';
import { type Authority, ownKeyPair } from '../../src/security/authority.ts';
import { type KeyPair, readCertificate } from '../../src/security/certificate.ts';
import type { Identity } from '../../src/security/identity.ts';
import { writeKeyPair } from '../../src/security/key-pair-file.ts';
import { type NatsMembers, natsAccess } from '../../src/security/nats-access.ts';
import { PrivateFolder } from '../../src/security/private-folder.ts';
import { newAuthority, withCode } from '../../src/security/security.fixture.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';

const authority = newAuthority(Date.now());
const foreign = newAuthority(Date.now());
const serverNames = ['n0', 'n1', 'n2'];
const members: NatsMembers = { servers: serverNames, apps: { shop: ['a', 'c'], bank: ['b'] } };
const partitions = 2;
const [stream, subject] = [logStream('shop', 'p0'), logSubject('shop', 'p0')];

const pairOf = (identity: Identity, by: Authority = authority, now = Date.now()): KeyPair =>
  ownKeyPair(by, { identity, hosts: [] }, now);
const nodePair = (app: string, name: string, by?: Authority, now?: number): KeyPair =>
  pairOf({ kind: 'node', app, name }, by, now);

let cluster: NatsCluster;
let folder: string;
const secrets = (index: number): PrivateFolder => new PrivateFolder(path.join(folder, String(index)));

const giveCertificate = (index: number): void => {
  const pair = pairOf({ kind: 'server', name: serverNames[index] as string });
  writeKeyPair(secrets(index), 'server.pem', { ...pair, authority: authority.certificate });
};

/** A server of the cluster that lets these members in. */
const configured = (server: NatsServerOptions, index: number, now: NatsMembers): NatsServerOptions => {
  const access = natsAccess(now, (app, node) => nodeRights(app, partitions, node));
  const file = path.join(secrets(index).path, 'server.pem');
  const tls = { cert: file, key: file, ca: path.join(folder, 'ca.crt'), verify: 'map' } as const;
  const { cluster: routes } = server;
  if (routes === undefined) throw new Error('a server on its own');
  return {
    ...server,
    tls,
    cluster: { ...routes, tls, user: access.routes.user },
    accounts: access.accounts,
    systemAccount: access.systemAccount,
  };
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'tutti-access-'));
  writeFileSync(path.join(folder, 'ca.crt'), authority.certificate);
  for (const index of serverNames.keys()) giveCertificate(index);
  cluster = await startNatsCluster({ configure: (server, index) => configured(server, index, members) });
});

afterAll(async () => {
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

const enter = async (
  pair: KeyPair | undefined,
  options: Parameters<typeof connect>[0] = {},
  index = 0,
): Promise<NatsConnection> => {
  const own = pair === undefined ? {} : { key: pair.key, cert: pair.certificate };
  const connection = await connect({
    servers: cluster.url(index),
    tls: { ca: authority.certificate, ...own },
    reconnect: false,
    ...options,
  });
  onTestFinished(() => connection.close());
  return connection;
};

const api = async (
  connection: NatsConnection,
  subject: string,
  request: object = {},
): Promise<Record<string, unknown>> =>
  JSON.parse((await connection.request(`$JS.API.${subject}`, JSON.stringify(request), { timeout: 10_000 })).string());

/** Answers come where this node may hear them. */
const inbox = (node: string): { readonly inboxPrefix: string } => ({ inboxPrefix: inboxOf(node) });

const append = async (connection: NatsConnection, text: string): Promise<{ readonly seq: number }> =>
  (await connection.request(subject, text, { timeout: 10_000 })).json();

test('a node gets in with its certificate alone, at every server', async () => {
  for (const index of serverNames.keys()) {
    const connection = await enter(nodePair('shop', 'a'), inbox('a'), index);
    expect((await api(connection, 'INFO'))['error']).toBeUndefined();
  }
});

test('nobody gets in without a certificate, with one of another authority, one that ran out, or one that is not listed', async () => {
  const day = 24 * 3_600_000;
  // Where the server hangs up first, the client may not hear why.
  for (const pair of [
    undefined,
    nodePair('shop', 'a', foreign),
    nodePair('shop', 'a', authority, Date.now() - 91 * day),
    nodePair('shop', 'b'),
    nodePair('bank', 'a'),
    nodePair('other', 'a'),
    pairOf({ kind: 'server', name: 'n3' }),
  ])
    await expect(enter(pair)).rejects.toThrow(/certificate|unknown ca|Authorization Violation|ECONNRESET/i);
  // It is there, and lets in who is listed.
  await enter(nodePair('shop', 'a'));
});

test('a server that is not of the authority is not talked to', async () => {
  const { key, certificate } = nodePair('shop', 'a');
  const trust = { ca: foreign.certificate, key, cert: certificate };
  await expect(enter(undefined, { tls: trust })).rejects.toThrow(/self-signed|unable to verify|signature/i);
});

test('nothing is answered without TLS, at the ports of clients and of routes', async () => {
  const { client, cluster: routes } = optionsOf(0);
  for (const port of [client.port, routes?.listen.port as number])
    for (const words of [`CONNECT {"verbose":true}\r\nPING\r\n`, `${routeConnect}PING\r\n`, 'GET / HTTP/1.1\r\n\r\n']) {
      const said = await hear(await plainTo(port), words);
      expect(said).not.toMatch(/PONG|\+OK|HTTP/);
      // The greeting says that it wants TLS, and names no app and no node.
      if (said !== '')
        expect(JSON.parse(/^INFO (.*)/.exec(said)?.[1] ?? '')).toMatchObject({ tls_required: true, tls_verify: true });
      expect(said).not.toMatch(/shop|bank|tutti/);
    }
});

/** The stream of one log of the shop, made by its node. */
const makeStream = (connection: NatsConnection): Promise<Record<string, unknown>> =>
  api(connection, `STREAM.CREATE.${stream}`, { name: stream, subjects: [subject], storage: 'file', num_replicas: 3 });

test("an app's node sees and changes nothing of another app", async () => {
  const shop = await enter(nodePair('shop', 'a'), inbox('a'));
  const bank = await enter(nodePair('bank', 'b'), inbox('b'), 1);
  const liar = await enter(nodePair('bank', 'b'), { ...inbox('b'), user: 'tutti:node/shop/a', pass: '' });
  expect(await makeStream(shop)).toMatchObject({ config: { name: stream } });
  expect(await append(shop, 'secret')).toMatchObject({ stream, seq: 1 });
  for (const other of [bank, liar]) {
    expect(await api(other, `STREAM.INFO.${stream}`)).toMatchObject({ error: { code: 404 } });
    expect(await api(other, `STREAM.MSG.GET.${stream}`, { seq: 1 })).toMatchObject({ error: { code: 404 } });
    await expect(api(other, `DIRECT.GET.${stream}`, { seq: 1 })).rejects.toThrow(/responders/);
    expect(await api(other, `STREAM.PURGE.${stream}`)).toMatchObject({ error: { code: 404 } });
    for (const [hears, said] of [
      ['tutti.bank.bus.*', 'tutti.bank.bus.news'],
      ['_INBOX.b.>', '_INBOX.b.news'],
    ] as const) {
      const heard: string[] = [];
      other.subscribe(hears, { callback: (_error, message) => void heard.push(message.subject) });
      await other.flush();
      // It may not, and if it could, would reach nobody.
      shop.publish(said, 'news');
      await shop.flush();
      await other.flush();
      expect(heard).toEqual([]);
    }
    await expect(append(other, 'forged')).rejects.toThrow(/Permissions Violation/);
    await expect(other.request('$SYS.REQ.SERVER.PING', '', { timeout: 10_000 })).rejects.toThrow(/Permissions/);
  }
  expect(await api(shop, `STREAM.INFO.${stream}`)).toMatchObject({ state: { messages: 1 } });
});

test('a node removes and restores no stream, makes none but those of its app, and operates none', async () => {
  const node = await enter(nodePair('shop', 'a'), inbox('a'));
  await makeStream(node);
  const { seq } = await append(node, 'kept');
  for (const request of [
    ...['DELETE', 'UPDATE', 'SNAPSHOT', 'RESTORE', 'MSG.DELETE', 'LEADER.STEPDOWN', 'PEER.REMOVE'].map(
      (what) => `STREAM.${what}.${stream}`,
    ),
    ...['EARS', logStream('shop', `p${partitions}`), logStream('bank', 'p0')].map((name) => `STREAM.CREATE.${name}`),
    'STREAM.NAMES',
    'STREAM.LIST',
    `CONSUMER.CREATE.${stream}`,
    `CONSUMER.DURABLE.CREATE.${stream}.ears`,
    'META.LEADER.STEPDOWN',
    'ACCOUNT.PURGE.app-shop',
  ])
    await expect(api(node, request), request).rejects.toThrow(/Permissions Violation/);
  expect(await api(node, `STREAM.INFO.${stream}`)).toMatchObject({ state: { last_seq: seq } });
  // What is in the way of nobody any more goes.
  expect(await api(node, `STREAM.PURGE.${stream}`, { seq })).toMatchObject({ success: true });
  expect(await api(node, `STREAM.INFO.${stream}`)).toMatchObject({ state: { first_seq: seq, messages: 1 } });
});

test("a node hears its own answers and its app's bus, and nothing else of its app", async () => {
  const node = await enter(nodePair('shop', 'a'), inbox('a'));
  const other = await enter(nodePair('shop', 'c'), inbox('c'), 1);
  await makeStream(other);
  const heard: string[] = [];
  const listen = (of: string): Promise<string> =>
    new Promise((resolve) => {
      node.subscribe(of, {
        callback: (error, message) => {
          if (error) resolve(error.message);
          else heard.push(message.subject);
        },
      });
      // Where it is let, no refusal comes before this is answered.
      void node.flush().then(() => resolve('let'));
    });
  for (const of of [
    '>',
    '*.*.*.*',
    '_INBOX.>',
    '_INBOX.c.>',
    '_INBOX.*.*',
    'tutti.>',
    'tutti.shop.>',
    'tutti.shop.*.*',
    subject,
    '$JS.>',
    '$SYS.>',
  ])
    expect(await listen(of), of).toMatch(/Permissions Violation/);
  expect(await listen('tutti.shop.bus.*')).toBe('let');
  await append(other, 'secret');
  // The other server learns some time later who listens.
  const told = async (): Promise<readonly string[]> => {
    other.publish('tutti.shop.bus.news', 'to all');
    await other.flush();
    return [...new Set(heard)];
  };
  await expect.poll(told).toEqual(['tutti.shop.bus.news']);
});

test('a node answers whom it was asked by, and says nothing to the inboxes of others', async () => {
  const node = await enter(nodePair('shop', 'a'), inbox('a'));
  const other = await enter(nodePair('shop', 'c'), inbox('c'), 1);
  const heard: string[] = [];
  other.subscribe('_INBOX.c.forged', { callback: (_error, message) => void heard.push(message.string()) });
  node.subscribe('tutti.shop.bus.who', {
    callback: (_error, message) => {
      for (const answer of ['a', 'b', 'c']) message.respond(answer);
    },
  });
  // The other server learns some time later who listens.
  const answered = () =>
    other.request('tutti.shop.bus.who', '', { timeout: 10_000 }).then(
      () => true,
      () => false,
    );
  await expect.poll(answered, { timeout: 10_000 }).toBe(true);
  await expect(node.request('_INBOX.c.forged', 'forged', { timeout: 10_000 })).rejects.toThrow(/Permissions Violation/);
  const answers = await other.requestMany('tutti.shop.bus.who', '', {
    strategy: 'count',
    maxMessages: 3,
    maxWait: 10_000,
  });
  const said: string[] = [];
  for await (const answer of answers) said.push(answer.string());
  expect(said).toEqual(['a', 'b', 'c']);
  expect(heard).toEqual([]);
});

test('the servers are operated with their own certificates, which are no node of any app', async () => {
  const operator = await enter(pairOf({ kind: 'server', name: 'n0' }));
  const pong = await operator.request('$SYS.REQ.SERVER.PING', '', { timeout: 10_000 });
  expect(JSON.parse(pong.string())).toHaveProperty('server.name');
  expect(await api(operator, 'INFO')).toMatchObject({ error: { code: 503 } });
});

test('a route is for servers: a node of the same authority opens none', async () => {
  const port = optionsOf(0).cluster?.listen.port as number;
  const asRoute = async (pair: KeyPair | undefined): Promise<string> =>
    hear(await secureTo(port, pair), `${routeConnect}PING\r\n`);
  // Shows that the words are right.
  expect(await asRoute(pairOf({ kind: 'server', name: 'n9' }))).toContain('PONG');
  for (const pair of [nodePair('shop', 'a'), pairOf({ kind: 'server', name: 'n9' }, foreign), undefined])
    expect(await asRoute(pair)).not.toContain('PONG');
});

test('a node is let in, and cut, without a restart, and its neighbours notice nothing', async () => {
  const neighbour = await enter(nodePair('shop', 'a'));
  const leaving = await enter(nodePair('bank', 'b'));
  await expect(enter(nodePair('shop', 'new'))).rejects.toThrow(/Authorization/);
  const before = cluster.servers[0]?.pid;
  const changed = { servers: serverNames, apps: { shop: ['a', 'new'], bank: [], more: ['m'] } };
  await reloadAll(changed);
  await enter(nodePair('shop', 'new'));
  expect(await api(await enter(nodePair('more', 'm'), inbox('m')), 'INFO')).toMatchObject({ streams: 0 });
  await leaving.closed();
  await expect(enter(nodePair('bank', 'b'))).rejects.toThrow(/Authorization/);
  await neighbour.flush();
  expect([neighbour.isClosed(), cluster.servers[0]?.pid]).toEqual([false, before]);
  await reloadAll(members);
  await enter(nodePair('bank', 'b'));
});

test('a renewed certificate is shown after a reload, and connections stay', async () => {
  const connection = await enter(nodePair('shop', 'a'));
  const serial = async (): Promise<string | undefined> => {
    const socket = await secureTo(optionsOf(0).client.port, nodePair('shop', 'a'), { greets: true });
    const { serialNumber } = socket.getPeerX509Certificate() ?? {};
    socket.destroy();
    return serialNumber;
  };
  const before = await serial();
  giveCertificate(0);
  await reload(0, members);
  const after = await serial();
  expect(after).not.toBe(before);
  expect(after).toBe(
    readCertificate(
      secrets(0)
        .read('server.pem')
        ?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/)?.[0] ?? '',
    ).x509.serialNumber,
  );
  await connection.flush();
  expect(connection.isClosed()).toBe(false);
  expect(() => secrets(0)).not.toThrow(withCode('SECRETS_EXPOSED'));
});

const optionsOf = (index: number): NatsServerOptions => cluster.servers[index]?.options.server as NatsServerOptions;

const reload = async (index: number, now: NatsMembers): Promise<void> => {
  const server = cluster.servers[index];
  if (server === undefined) throw new Error(`no server ${index}`);
  const { monitor } = server.options.server;
  await server.reload({ ...configured(server.options.server, index, now), monitor });
};

const reloadAll = async (now: NatsMembers): Promise<void> => {
  for (const index of serverNames.keys()) await reload(index, now);
};

/** As another server of the cluster would say it. */
const routeConnect =
  'CONNECT {"echo":true,"verbose":false,"pedantic":false,"tls_required":true,"name":"NX","cluster":"test","headers":true}\r\n';

const plainTo = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectPlain(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });

/** To a port that greets before TLS, as that of clients does, or to one that does not. */
const secureTo = async (port: number, pair: KeyPair | undefined, { greets = false } = {}): Promise<TLSSocket> => {
  const plain = await plainTo(port);
  if (greets) await new Promise((resolve) => plain.once('data', resolve));
  return new Promise((resolve, reject) => {
    const own = pair === undefined ? {} : { key: pair.key, cert: pair.certificate };
    const socket = connectTls({ socket: plain, ca: authority.certificate, host: '127.0.0.1', ...own }, () =>
      resolve(socket),
    );
    socket.once('error', reject);
  });
};

/** What is answered to these words, until the other side hangs up or says PONG. */
const hear = (socket: Socket, words: string): Promise<string> =>
  new Promise((resolve) => {
    let said = '';
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1');
      if (said.includes('PONG')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(said));
    socket.write(words);
  });
