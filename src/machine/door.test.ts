/** Machines that ask the one that began the cluster, over real TLS connections. */
import { request } from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import { nodeEnv } from '../platform/node.ts';
import { authorityFingerprint, ownKeyPair, renewalRequest } from '../security/authority.ts';
import { readCertificate } from '../security/certificate.ts';
import type { Identity } from '../security/identity.ts';
import { fileTokenStore, JoinTokens } from '../security/join-tokens.ts';
import type { KeyPairFile } from '../security/key-pair-file.ts';
import { freshFolder, newAuthority, withCode } from '../security/security.fixture.ts';
import { Door } from './door.ts';
import { Follower } from './follower.ts';
import { findPorts } from './ports.ts';
import { Registrar } from './registrar.ts';
import type { Roster } from './roster.ts';

const env = nodeEnv();
const authority = newAuthority(Date.now());
const pairFor = (identity: Identity, by = authority): KeyPairFile => ({
  ...ownKeyPair(by, { identity, hosts: [] }, Date.now()),
  authority: by.certificate,
});
const node = (name: string, app = 'shop', by = authority) => pairFor({ kind: 'node', app, name }, by);
const server = { route: '127.0.0.1:1', client: '127.0.0.1:2' };
const roster: Roster = {
  version: 1,
  cluster: 'shop',
  replicas: 3,
  partitions: 12,
  nats: [],
  machines: [
    { name: 'a', drained: false, server },
    { name: 'b', drained: false, server },
    { name: 'c', drained: false },
  ],
  gone: [],
};

const begun = async () => {
  const registrar = new Registrar({ authority, env, roster, self: 'a', apply: async () => undefined });
  const port = await findPorts('127.0.0.1', 0, env.random);
  const join = {
    authority,
    tokens: new JoinTokens({
      store: fileTokenStore(freshFolder()),
      clock: env.clock,
      random: env.random,
      authority: authorityFingerprint(authority),
    }),
    now: Date.now,
    isMember: () => false,
    admit: async () => undefined,
    facts: () => ({
      cluster: 'shop',
      replicas: 3,
      partitions: 12,
      routes: [],
      clients: [],
      members: { servers: [], apps: {} },
    }),
  };
  const open = () =>
    Door.open({
      host: '127.0.0.1',
      port,
      pair: pairFor({ kind: 'server', name: 'a' }),
      join,
      registrar,
      report: (error) => expect.unreachable(String(error)),
    });
  let door = await open();
  onTestFinished(async () => {
    await door.close();
    await registrar.close();
  });
  const follow = (pair: KeyPairFile, apply: (next: Roster) => Promise<void> = async () => undefined) => {
    const cuts: (string | undefined)[] = [];
    const removed = Promise.withResolvers<void>();
    const follower = new Follower({
      door: { host: '127.0.0.1', port },
      pair: () => pair,
      roster: { ...roster, version: 0 },
      timers: env.timers,
      apply,
      cutOff: (error) => cuts.push((error as { code: string } | undefined)?.code),
      removed: removed.resolve,
    });
    onTestFinished(() => follower.close());
    return { follower, cuts, removed: removed.promise };
  };
  return {
    registrar,
    port,
    follow,
    close: () => door.close(),
    reopen: async () => {
      door = await open();
    },
  };
};

test('a change settles when the servers that are there have it in use (G1)', async () => {
  const { registrar, follow } = await begun();
  const order: string[] = [];
  const taken = Promise.withResolvers<void>();
  const { follower } = follow(node('b'), async ({ version }) => {
    if (version === 2) {
      await taken.promise;
      order.push('in use');
    }
  });
  // A node alone is waited for by nobody.
  const ended = Promise.withResolvers<void>();
  follow(node('c'), () => ended.promise);
  await expect.poll(() => follower.roster.version).toBe(1);
  const changed = registrar.setDrained('c', true).then(() => order.push('settled'));
  await expect.poll(() => registrar.roster.version).toBe(2);
  await new Promise((resolve) => setImmediate(resolve));
  taken.resolve();
  await changed;
  ended.resolve();
  expect(order).toEqual(['in use', 'settled']);
  expect(follower.roster.machines[2]).toMatchObject({ name: 'c', drained: true });
});

test('certificates are renewed for members alone', async () => {
  const { registrar, follow } = await begun();
  const own = node('c');
  const { follower, removed } = follow(own);
  const renewed = await follower.renew(renewalRequest(own).request);
  expect(readCertificate(renewed).uris).toEqual(['tutti:node/shop/c']);
  await expect(follower.renew(renewalRequest(pairFor({ kind: 'server', name: 'c' })).request)).rejects.toThrow(
    withCode('CERTIFICATE_REFUSED', 'no member'),
  );
  await registrar.remove('c');
  await removed;
  await expect(follower.renew(renewalRequest(own).request)).rejects.toThrow(withCode('UNAUTHORIZED', 'any more'));
});

test('machines with servers, and the first, are not taken out; whom nobody knows is named', async () => {
  const { follow, registrar } = await begun();
  const { follower } = follow(node('c'));
  await expect(follower.remove('a')).rejects.toThrow(withCode('OPTION_INVALID', 'began the cluster'));
  await expect(follower.remove('b')).rejects.toThrow(withCode('OPTION_INVALID', 'NATS servers'));
  await expect(follower.setDrained('z', true)).rejects.toThrow(withCode('OPTION_INVALID', 'It has: a, b, c'));
  expect(registrar.roster.version).toBe(1);
});

test('who is no node of the cluster is answered nothing (O1, O2)', async () => {
  const { port } = await begun();
  const foreign = newAuthority(Date.now());
  for (const pair of [
    undefined,
    node('c', 'bank'),
    node('z'),
    node('c', 'shop', foreign),
    pairFor({ kind: 'server', name: 'a' }),
  ])
    for (const what of ['roster', 'renew', 'drain', 'remove']) {
      const { status, text } = await post(port, `/v1/member/${what}`, '{"version":0,"name":"b","drained":true}', pair);
      expect([status, JSON.parse(text)]).toMatchObject([403, { error: { code: 'UNAUTHORIZED' } }]);
    }
  for (const [body, path, code] of [
    ['{', 'roster', 'PROTOCOL_INVALID'],
    ['{"version":"1"}', 'roster', 'PROTOCOL_INVALID'],
    ['{"name":"b"}', 'drain', 'PROTOCOL_INVALID'],
    ['{}', 'anything', 'ROUTE_UNKNOWN'],
  ] as const)
    expect(JSON.parse((await post(port, `/v1/member/${path}`, body, node('c'))).text)).toMatchObject({
      error: { code },
    });
  expect(JSON.parse((await post(port, '/', '{}', node('c'))).text)).toMatchObject({ error: { code: 'ROUTE_UNKNOWN' } });
});

test('while it is away nothing changes, which is said once, and it is found again', async () => {
  const { registrar, follow, close, reopen } = await begun();
  const { follower, cuts } = follow(node('b'));
  await expect.poll(() => follower.roster.version).toBe(1);
  await close();
  await expect.poll(() => cuts.length).toBe(1);
  expect(follower.roster.version).toBe(1);
  await reopen();
  await registrar.setDrained('c', true);
  await expect.poll(() => follower.roster.version, { timeout: 10_000 }).toBe(2);
  expect(cuts).toHaveLength(2);
  expect(cuts[1]).toBeUndefined();
});

const post = (
  port: number,
  path: string,
  body: string,
  pair?: KeyPairFile,
): Promise<{ status: number | undefined; text: string }> =>
  new Promise((resolve, reject) => {
    const own = pair === undefined ? {} : { key: pair.key, cert: pair.certificate };
    const asked = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path,
      ca: authority.certificate,
      agent: false,
      ...own,
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.once('end', () => resolve({ status: response.statusCode, text }));
    });
    asked.end(body);
  });
