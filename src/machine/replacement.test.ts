/** Who may take the place of whom. Machines are addresses at which something answers, or nothing; servers show their certificates. */
import { createPublicKey } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { limits } from '../limits.ts';
import { authorityFingerprint, ownKeyPair, renewalRequest } from '../security/authority.ts';
import { keyFingerprint, makeKey, makeRequest } from '../security/certificate.ts';
import { type Identity, urisOf } from '../security/identity.ts';
import { handleJoin } from '../security/join-handler.ts';
import { fileTokenStore, JoinTokens } from '../security/join-tokens.ts';
import { freshFolder, newAuthority, withCode } from '../security/security.fixture.ts';
import { joinPortsOf } from './joining.ts';
import { Registrar } from './registrar.ts';
import { type Roster, serverKeys } from './roster.ts';

const authority = newAuthority(Date.now());
const pairFor = (identity: Identity) => ownKeyPair(authority, { identity, hosts: [] }, Date.now());
const keyOf = (key: string): string => keyFingerprint(createPublicKey(key));

/** Takes connections as the NATS server of a machine does, until the test ends. */
const serverOf = async (name: string) => {
  const { key, certificate } = pairFor({ kind: 'server', name });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('INFO {"tls_required":true}\r\n');
    const secure = new TLSSocket(socket, { isServer: true, key, cert: certificate });
    secure.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, key: keyOf(key), pem: { key, certificate } };
};

/** An address at which nobody is. */
const nowhere = async (): Promise<string> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
};

/** A cluster of n1, n2 and n3 with servers and n4 without; n2 is gone. */
const begun = async (changes: Partial<Roster> = {}, { nobody = true, following = ['n3'] } = {}) => {
  const env = manualEnv();
  // Certificates are looked at by the system's clock.
  env.advance(Date.now());
  const [one, three, gone] = [await serverOf('n1'), await serverOf('n3'), await nowhere()];
  const at = (client: string) => ({ client, route: client });
  const roster: Roster = {
    version: 4,
    cluster: 'shop',
    replicas: 3,
    partitions: 4,
    nats: [],
    machines: [
      { name: 'n1', drained: false, server: at(one.address) },
      { name: 'n2', drained: false, server: at(nobody ? gone : three.address) },
      { name: 'n3', drained: false, server: at(three.address) },
      { name: 'n4', drained: false },
    ],
    gone: [],
    ...changes,
  };
  const registrar = new Registrar({ authority, env, roster, self: 'n1', apply: async () => undefined });
  const ended = new AbortController();
  onTestFinished(() => {
    ended.abort();
    return registrar.close();
  });
  /** As a machine that runs a server does. */
  const follow = async (name: string): Promise<void> => {
    for (let { version } = roster; !ended.signal.aborted; )
      ({ version } = await registrar.next(name, version, ended.signal));
  };
  for (const name of following) void follow(name);
  const tokens = new JoinTokens({
    store: fileTokenStore(freshFolder()),
    clock: env.clock,
    random: env.random,
    authority: authorityFingerprint(authority),
  });
  let copies = 'ok';
  const ports = joinPortsOf({
    authority,
    tokens,
    registrar,
    now: Date.now,
    self: 'n1',
    say: () => undefined,
    pair: () => ({ ...pairFor({ kind: 'server', name: 'n1' }), authority: authority.certificate }),
    copies: async () => copies,
  });
  const keys = { node: makeKey(), server: makeKey() };
  const token = tokens.issue({ app: 'shop', server: true, hosts: [] });
  const join = (replaces: string | undefined, { name = 'n5', withServer = true, host = '127.0.0.9' } = {}) => {
    const requests = {
      node: makeRequest(keys.node, { hosts: [], uris: [] }),
      ...(withServer
        ? { server: makeRequest(keys.server, { hosts: [], uris: urisOf({ kind: 'server', name }) }) }
        : {}),
    };
    const offers = { route: `${host}:8488`, client: `${host}:8487` };
    const version = replaces === undefined ? 1 : 2;
    const body = JSON.stringify({ version, token, name, ...requests, replaces, offers });
    return handleJoin(body, '127.0.0.9', ports);
  };
  return { env, registrar, join, keys, one, three, lack: (said: string) => (copies = said) };
};

test('who takes a place has its name among servers, and all know each other by their keys from then on', async () => {
  const { registrar, join, keys, one, three, env } = await begun();
  await join('n2');
  const { machines, gone, version } = registrar.roster;
  expect(version).toBe(5);
  expect(machines).toEqual([
    { name: 'n1', drained: false, server: { client: one.address, route: one.address, key: one.key } },
    { name: 'n3', drained: false, server: { client: three.address, route: three.address, key: three.key } },
    { name: 'n4', drained: false },
    {
      name: 'n5',
      drained: false,
      server: { route: '127.0.0.9:8488', client: '127.0.0.9:8487', key: keyOf(keys.server), name: 'n2' },
    },
  ]);
  expect(gone).toEqual([{ name: 'n2', untilMs: env.clock.now() + limits.certificateDays * 24 * 3_600_000 }]);
  expect(serverKeys(registrar.roster)).toEqual([one.key, three.key, keyOf(keys.server)]);
  expect(registrar.isTaken('n2')).toBe(true);
});

test('it keeps the place when it asks again, whether it says whose that was or not', async () => {
  const { registrar, join } = await begun();
  await join('n2');
  const { machines } = registrar.roster;
  await join('n2');
  expect(registrar.roster.version).toBe(5);
  await join(undefined);
  expect(registrar.roster.machines).toEqual(machines);
});

test('one that took a place is replaced in its turn', async () => {
  const { registrar, join } = await begun();
  // Nobody is at the address that it gives.
  await join('n2', { host: '127.0.0.1' });
  const again = await begun(registrar.roster);
  await again.join('n5', { name: 'n6' });
  expect(again.registrar.roster.machines.at(-1)).toMatchObject({ name: 'n6', server: { name: 'n2' } });
});

test('a server that others know by its key has the next certificate for that key alone', async () => {
  const { registrar, join, three } = await begun();
  await join('n2');
  const same = renewalRequest(three.pem, three.pem.key).request;
  expect(await registrar.renew(same)).toContain('BEGIN CERTIFICATE');
  await expect(registrar.renew(renewalRequest(three.pem).request)).rejects.toThrow(
    withCode('CERTIFICATE_REFUSED', 'by its key'),
  );
});

const refusals: readonly {
  readonly what: string;
  readonly replaces?: string;
  readonly roster?: Partial<Roster>;
  readonly says: string;
}[] = [
  { what: 'a machine that nobody knows', replaces: 'n9', says: 'It has: n1, n2, n3, n4' },
  { what: 'one without a server', replaces: 'n4', says: 'tutti leave n4' },
  { what: 'the first', replaces: 'n1', says: 'began the cluster' },
  {
    what: 'one of a cluster that waits for its third',
    roster: {
      machines: ['n1', 'n2'].map((name) => ({ name, drained: false, server: { route: 'h:1', client: 'h:2' } })),
    },
    says: 'has not begun to serve',
  },
];
for (const { what, replaces = 'n2', roster, says } of refusals)
  test(`the place of ${what} is not taken, and the token is not used up`, async () => {
    const { registrar, join } = await begun(roster);
    const before = registrar.roster;
    await expect(join(replaces)).rejects.toThrow(withCode('OPTION_INVALID', says));
    expect(registrar.roster).toBe(before);
    // As another one: a token that was used is refused to it.
    if (roster === undefined) await join('n2', { name: 'n6' });
  });

test('who is there is not replaced: heard by the first, or taking connections', async () => {
  const { registrar, join, env } = await begun();
  const asked = new AbortController();
  const answered = registrar.next('n2', 4, asked.signal);
  await expect(join('n2')).rejects.toThrow(withCode('JOIN_REFUSED', 'n2 is not gone: it was heard'));
  asked.abort();
  await answered;
  expect(registrar.heardMs('n2')).toBeUndefined();
  // Another question of it was answered.
  const next = registrar.next('n2', 3, new AbortController().signal);
  await next;
  await expect(join('n2')).rejects.toThrow(withCode('JOIN_REFUSED', 'n2 is not gone: it was heard 0 s ago'));
  env.advance(limits.rosterWaitMs);
  await join('n2');

  const answering = await begun({}, { nobody: false });
  await expect(answering.join('n2')).rejects.toThrow(withCode('JOIN_REFUSED', 'somebody answers at 127.0.0.1:'));
  expect(answering.registrar.roster.version).toBe(4);
});

test('a copy is made anew only while the other two are there', async () => {
  const { registrar, join, lack } = await begun();
  lack('stream catching up');
  await expect(join('n2')).rejects.toThrow(withCode('JOIN_REFUSED', 'n1 does not have all of its copies'));
  lack('ok');
  const { machines } = registrar.roster;
  for (const [client, says] of [
    [await nowhere(), 'The NATS server of n3 does not answer'],
    [(await serverOf('n8')).address, 'is no server of n3'],
  ] as const) {
    const changed = machines.map((one) => (one.name === 'n3' ? { ...one, server: { route: client, client } } : one));
    const cluster = await begun({ machines: changed });
    await expect(cluster.join('n2')).rejects.toThrow(withCode('JOIN_REFUSED', says));
    expect(cluster.registrar.roster.version).toBe(4);
  }
  const silent = await begun({}, { following: [] });
  await expect(silent.join('n2')).rejects.toThrow(withCode('JOIN_REFUSED', 'n3 was not heard'));
  await join('n2');
});

test('a machine without a nats-server, or with the name of the one that is gone, takes no place', async () => {
  const { registrar, join } = await begun();
  const refused = join('n2', { withServer: false });
  await expect(refused).rejects.toMatchObject({ code: 'JOIN_REFUSED', details: { lacks: 'server' } });
  await expect(join('n2', { name: 'n2' })).rejects.toThrow(withCode('JOIN_REFUSED', 'another name'));
  expect(registrar.roster.version).toBe(4);
});
