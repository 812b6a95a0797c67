/** A machine joins over real TLS connections on this machine; what is in its way is real, too. */
import { createPublicKey } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createServer, request as httpsRequest, type ServerOptions } from 'node:https';
import { connect as connectPlain, createServer as createNetServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import { authorityFingerprint, ownKeyPair, signRequest } from '../../src/security/authority.ts';
import { keyFingerprint, makeKey, makeRequest, readCertificate } from '../../src/security/certificate.ts';
import { type Identity, urisOf } from '../../src/security/identity.ts';
import { joinCluster } from '../../src/security/join-cluster.ts';
import { writeJoinToken } from '../../src/security/join-token.ts';
import { newAuthority, withCode } from '../../src/security/security.fixture.ts';
import { cluster, firstServer, grant, portOf, shown } from './join.fixture.ts';

test('a machine gets what it needs to be one of the cluster, and its certificates are for it alone', async () => {
  const { authority, tokens, members, join, errors } = await cluster();
  const joined = await join(tokens.issue(grant), {
    offers: { route: '127.0.0.1:6333', software: '0.1.0' },
    app: 'shop',
  });
  expect(joined).toMatchObject({
    app: 'shop',
    authority: authority.certificate,
    cluster: 'c1',
    replicas: 3,
    partitions: 12,
    routes: ['127.0.0.1:6222'],
    clients: ['127.0.0.1:4222'],
    members: { servers: ['first', 'second'], apps: { shop: ['first', 'second'] } },
  });
  expect(members).toEqual([
    {
      name: 'second',
      app: 'shop',
      server: true,
      serverKey: keyFingerprint(createPublicKey(joined.server?.key ?? '')),
      offers: { route: '127.0.0.1:6333', software: '0.1.0' },
      address: '127.0.0.1',
    },
  ]);
  const identities: readonly Identity[] = [
    { kind: 'node', app: 'shop', name: 'second' },
    { kind: 'server', name: 'second' },
  ];
  for (const [index, pair] of [joined.node, joined.server].entries()) {
    const { uris, hosts } = readCertificate(pair?.certificate ?? '');
    expect(uris).toEqual(urisOf(identities[index] as Identity));
    expect(hosts).toEqual(['localhost', '127.0.0.1', '::1']);
  }
  expect(errors).toEqual([]);
});

test('a token works once: refused to the next machine, and to the same one under another name', async () => {
  const { tokens, members, join } = await cluster();
  const token = tokens.issue(grant);
  await join(token);
  await expect(join(token, { name: 'third' })).rejects.toThrow(withCode('JOIN_TOKEN_USED', 'by second'));
  expect(members.map(({ name }) => name)).toEqual(['second']);
});

test('an answer that was lost is asked for again, with the same keys', async () => {
  let tries = 0;
  const { tokens, join } = await cluster({
    admit: async () => {
      tries += 1;
      if (tries === 1) throw new Error('the node ended');
    },
  });
  const token = tokens.issue(grant);
  const keys = { node: makeKey() };
  await expect(join(token, { keys })).rejects.toThrow(withCode('INVARIANT'));
  await expect(join(token, { name: 'third' })).rejects.toThrow(withCode('JOIN_TOKEN_USED'));
  expect((await join(token, { keys })).node.key).toBe(keys.node);
  await expect(join(token)).rejects.toThrow(withCode('JOIN_TOKEN_USED'));
});

test('of two machines that come with one name at once, one is taken in', async () => {
  const { tokens, members, join } = await cluster({ admitAfter: true });
  const joins = await Promise.allSettled([
    join(tokens.issue(grant)),
    join(tokens.issue(grant)),
    join(tokens.issue(grant)),
  ]);
  expect(joins.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  for (const one of joins)
    if (one.status === 'rejected') expect(one.reason).toEqual(withCode('JOIN_REFUSED', '--name'));
  expect(members).toHaveLength(1);
});

test('a request that was listened to gives nothing to who sends it again', async () => {
  const { authority, tokens, bodies, join, port } = await cluster();
  await join(tokens.issue(grant));
  const answer = await post(port, authority.certificate, bodies[0] as string);
  // The same certificates for the same keys, which the listener does not have.
  const { node } = JSON.parse(answer.text) as { node: string };
  const sent = JSON.parse(bodies[0] as string) as { node: string };
  expect(answer.status).toBe(200);
  expect(readCertificate(node).uris).toEqual(['tutti:node/shop/second']);
  const own = JSON.stringify({ ...sent, node: makeRequest(makeKey(), { hosts: [], uris: [] }) });
  expect(JSON.parse((await post(port, authority.certificate, own)).text)).toMatchObject({
    error: { code: 'JOIN_TOKEN_USED' },
  });
  const renamed = JSON.stringify({ ...sent, name: 'third' });
  expect(JSON.parse((await post(port, authority.certificate, renamed)).text)).toMatchObject({
    error: { code: expect.stringMatching('JOIN_TOKEN_USED') },
  });
});

test('a token that is expired, wrong or mistyped is refused by name', async () => {
  const { tokens, env, authority, members, bodies, join } = await cluster();
  const token = tokens.issue(grant);
  await expect(join(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).rejects.toThrow(
    withCode('JOIN_TOKEN_MISTYPED'),
  );
  expect(bodies).toEqual([]);
  const made = writeJoinToken({ secret: new Uint8Array(16), authority: authorityFingerprint(authority) });
  await expect(join(made)).rejects.toThrow(withCode('JOIN_TOKEN_WRONG', 'tutti token'));
  env.advance(3_600_000);
  await expect(join(token)).rejects.toThrow(withCode('JOIN_TOKEN_EXPIRED', 'tutti token'));
  expect(members).toEqual([]);
});

test('who answers with certificates of another authority is told nothing', async () => {
  const { tokens, authority } = await cluster();
  const token = tokens.issue(grant);
  const foreign = newAuthority(Date.now());
  const foreignServer = ownKeyPair(foreign, { identity: firstServer, hosts: [] }, Date.now());
  const node = ownKeyPair(authority, { identity: { kind: 'node', app: 'shop', name: 'n1' }, hosts: [] }, Date.now());
  const old = ownKeyPair(authority, { identity: firstServer, hosts: [] }, Date.now() - 200 * 24 * 3_600_000);
  const impostors: Record<string, ServerOptions> = {
    'its own authority': shown(foreignServer.key, foreignServer.certificate, foreign.certificate),
    'no authority': shown(foreignServer.key, foreignServer.certificate),
    'its own certificate beside the right authority': shown(
      foreignServer.key,
      foreignServer.certificate,
      authority.certificate,
    ),
    'the certificate of a node': shown(node.key, node.certificate, authority.certificate),
    'a certificate that has run out': shown(old.key, old.certificate, authority.certificate),
  };
  for (const [what, tls] of Object.entries(impostors)) {
    let heard = 0;
    const server = createTlsServer(tls, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => (heard += bytes.length));
    });
    const port = await portOf(server);
    const joining = joinCluster({ address: `127.0.0.1:${port}`, token, name: 'second', keys: { node: makeKey() } });
    await expect(joining, what).rejects.toThrow(withCode('AUTHORITY_MISMATCH', 'Nothing was sent'));
    expect(heard, what).toBe(0);
  }
});

test('nothing is said without TLS, by either side', async () => {
  const { tokens, port, bodies } = await cluster();
  const token = tokens.issue(grant);
  const told: string[] = [];
  const plain = createHttpServer((request, response) => {
    told.push(request.url ?? '');
    response.end('{}');
  });
  plain.on('clientError', (_error, socket) => socket.destroy());
  const plainPort = await portOf(plain);
  const join = (address: string) => joinCluster({ address, token, name: 'second', keys: { node: makeKey() } });
  await expect(join(`127.0.0.1:${plainPort}`)).rejects.toThrow(withCode('UNREACHABLE'));
  await expect(join(`http://127.0.0.1:${plainPort}`)).rejects.toThrow(withCode('OPTION_INVALID', 'TLS only'));
  expect(told).toEqual([]);

  const answered = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connectPlain(port, '127.0.0.1', () =>
      socket.write('POST /v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'),
    );
    socket.on('data', (bytes) => (text += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(text));
  });
  expect(answered).not.toContain('HTTP');
  expect(bodies).toEqual([]);
});

test('nobody at the address, and who hangs up, are told apart from refusals', async () => {
  const { tokens, own, authority } = await cluster();
  const token = tokens.issue(grant);
  const closing = createNetServer((socket) => socket.destroy());
  const port = await portOf(closing);
  const join = (at: number) =>
    joinCluster({ address: `127.0.0.1:${at}`, token, name: 'second', keys: { node: makeKey() } });
  await expect(join(port)).rejects.toThrow(withCode('UNREACHABLE', 'can it be reached'));
  const hangsUp = createServer(shown(own.key, own.certificate, authority.certificate), (request) =>
    request.socket.destroy(),
  );
  await expect(join(await portOf(hangsUp))).rejects.toThrow(withCode('NO_ANSWER', 'Repeat the command'));
  const elsewhere = createServer(shown(own.key, own.certificate, authority.certificate), (_request, response) => {
    response.statusCode = 404;
    response.end('<html>');
  });
  await expect(join(await portOf(elsewhere))).rejects.toThrow(
    withCode('PROTOCOL_INVALID', 'no machine can join there'),
  );
});

test('a machine gets no more than its token grants, and what it is refused costs no token', async () => {
  const { tokens, members, join } = await cluster();
  const nodeOnly = tokens.issue({ ...grant, server: false });
  await expect(join(nodeOnly)).rejects.toThrow(withCode('JOIN_REFUSED', 'no server'));
  await expect(join(nodeOnly, { keys: { node: makeKey() }, hosts: ['db.example'] })).rejects.toThrow(
    withCode('CERTIFICATE_REFUSED', 'tutti token --host db.example'),
  );
  await expect(join(nodeOnly, { keys: { node: makeKey() }, name: 'first' })).rejects.toThrow(
    withCode('JOIN_REFUSED', '--name'),
  );
  for (const name of ['', 'a/b', 'a*', '>', 'x'.repeat(64)])
    await expect(join(nodeOnly, { keys: { node: makeKey() }, name })).rejects.toThrow(withCode('OPTION_INVALID'));
  expect(members).toEqual([]);
  const { node, ...joined } = await join(nodeOnly, { keys: { node: makeKey() } });
  expect([readCertificate(node.certificate).uris, joined.server]).toEqual([['tutti:node/shop/second'], undefined]);
  const named = tokens.issue({ ...grant, hosts: ['db.example'] });
  const third = await join(named, { hosts: ['DB.example'], name: 'third' });
  expect(readCertificate(third.node.certificate).hosts).toContain('db.example');
});

test('who replaces another asks so that a cluster that does not know of it refuses, and others do not', async () => {
  const { tokens, bodies, join } = await cluster();
  const token = tokens.issue(grant);
  await expect(join(token, { replaces: 'n2' })).rejects.toThrow(withCode('JOIN_REFUSED', 'No machine is replaced'));
  await join(token);
  expect(bodies.map((body) => JSON.parse(body) as object)).toMatchObject([
    { version: 2, replaces: 'n2' },
    { version: 1, name: 'second' },
  ]);
  expect(bodies[1]).not.toContain('replaces');
});

test('a token for another app is told before this machine becomes a node of it', async () => {
  const { tokens, join } = await cluster();
  await expect(join(tokens.issue(grant), { app: 'bank' })).rejects.toThrow(withCode('JOIN_REFUSED', 'app shop'));
});

test('an answer that is not for this machine is not used', async () => {
  const { tokens, authority, own } = await cluster();
  const token = tokens.issue(grant);
  const keys = { node: makeKey() };
  const sign = (by: typeof authority, key: string, name: string, app = 'shop'): string =>
    signRequest(
      by,
      makeRequest(key, { hosts: [], uris: [] }),
      { identity: { kind: 'node', app, name }, hosts: [] },
      Date.now(),
    );
  const good = {
    version: 1,
    app: 'shop',
    authority: authority.certificate,
    node: sign(authority, keys.node, 'second'),
    cluster: 'c1',
    replicas: 1,
    partitions: 4,
    routes: [],
    clients: [],
    members: { servers: [], apps: {} },
  };
  let answer: object = good;
  const lying = createServer(
    shown(own.key, own.certificate, authority.certificate),
    (_request, response) => void response.end(JSON.stringify(answer)),
  );
  const port = await portOf(lying);
  const join = () => joinCluster({ address: `127.0.0.1:${port}`, token, name: 'second', keys });
  expect((await join()).cluster).toBe('c1');
  const other = newAuthority(Date.now());
  for (const change of [
    { authority: other.certificate },
    { node: sign(other, keys.node, 'second') },
    { node: sign(authority, makeKey(), 'second') },
    { node: sign(authority, keys.node, 'third') },
    { node: sign(authority, keys.node, 'second', 'bank') },
    { version: 2 },
    { replicas: '3' },
    { members: null },
    { clients: [1] },
  ]) {
    answer = { ...good, ...change };
    await expect(join(), JSON.stringify(Object.keys(change))).rejects.toThrow(withCode('PROTOCOL_INVALID'));
  }
});

test('what is no request to join is refused, and nothing of it is repeated', async () => {
  const { port, authority, tokens, errors } = await cluster();
  const token = tokens.issue(grant);
  const node = makeRequest(makeKey(), { hosts: [], uris: [] });
  const good = { version: 1, token, name: 'second', node, offers: {} };
  for (const [body, code] of [
    ['', 'JOIN_REFUSED'],
    ['null', 'JOIN_REFUSED'],
    [{ ...good, version: 2 }, 'JOIN_REFUSED'],
    [{ ...good, version: 2, replaces: 'a b' }, 'JOIN_REFUSED'],
    [{ ...good, version: 2, replaces: 'first' }, 'JOIN_REFUSED'],
    [{ ...good, version: 3 }, 'JOIN_REFUSED'],
    [{ ...good, name: 'a b' }, 'JOIN_REFUSED'],
    [{ ...good, token: 1 }, 'JOIN_REFUSED'],
    [{ ...good, offers: { route: 1 } }, 'JOIN_REFUSED'],
    [{ ...good, offers: null }, 'JOIN_REFUSED'],
    [{ ...good, node: token }, 'CERTIFICATE_REFUSED'],
    [{ ...good, server: 'x' }, 'CERTIFICATE_REFUSED'],
    ['x'.repeat(200_000), 'VALUE_TOO_LARGE'],
  ] as const) {
    const { status, text } = await post(
      port,
      authority.certificate,
      typeof body === 'string' ? body : JSON.stringify(body),
    );
    expect([status, JSON.parse(text)]).toMatchObject([403, { error: { code } }]);
    expect(text).not.toContain(token.slice(6));
  }
  expect(errors).toEqual([]);
  expect(tokens.redeem(token, 'x', 'y').again).toBe(false);
});

const post = (port: number, ca: string, body: string): Promise<{ status: number | undefined; text: string }> =>
  new Promise((resolve, reject) => {
    const request = httpsRequest({ port, host: '127.0.0.1', method: 'POST', path: '/v1/join', ca, agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.once('end', () => resolve({ status: response.statusCode, text }));
    });
    request.end(body);
  });
