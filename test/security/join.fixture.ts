/** The first machine of a cluster, whose join address is open over real TLS connections on this machine. */
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { authorityFingerprint, ownKeyPair } from '../../src/security/authority.ts';
import { makeKey } from '../../src/security/certificate.ts';
import type { Identity } from '../../src/security/identity.ts';
import { type JoinOptions, joinCluster } from '../../src/security/join-cluster.ts';
import { type JoinPorts, joinListener, type NewMember } from '../../src/security/join-handler.ts';
import type { ClusterFacts } from '../../src/security/join-protocol.ts';
import { fileTokenStore, type JoinGrant, JoinTokens } from '../../src/security/join-tokens.ts';
import { datedEnv, freshFolder, newAuthority } from '../../src/security/security.fixture.ts';

export const firstServer: Identity = { kind: 'server', name: 'first' };
export const grant: JoinGrant = { app: 'shop', server: true, hosts: [] };

export const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
};

/** The certificate that a server shows, and the key. */
export const shown = (key: string, ...certificates: readonly string[]): ServerOptions => ({
  key,
  cert: certificates.join(''),
});

/** The first machine of a cluster, whose join address is open. */
export const cluster = async (
  options: { readonly tls?: ServerOptions; readonly admit?: JoinPorts['admit']; readonly admitAfter?: boolean } = {},
) => {
  const env = datedEnv();
  // TLS checks certificates by the system's clock; tokens are told the time by the test.
  const authority = newAuthority(Date.now());
  const own = ownKeyPair(authority, { identity: firstServer, hosts: [] }, Date.now());
  const tokensOf = (folder = freshFolder()) =>
    new JoinTokens({
      store: fileTokenStore(folder),
      clock: env.clock,
      random: env.random,
      authority: authorityFingerprint(authority),
    });
  const tokens = tokensOf();
  const members: NewMember[] = [];
  const errors: unknown[] = [];
  const bodies: string[] = [];
  const ports: JoinPorts = {
    authority,
    tokens,
    now: Date.now,
    isMember: (name) => name === 'first' || members.some((member) => member.name === name),
    admit:
      options.admit ??
      (async (member) => {
        // As long as it takes to tell others.
        if (options.admitAfter)
          for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
        members.push(member);
      }),
    facts: (): ClusterFacts => ({
      cluster: 'c1',
      replicas: 3,
      partitions: 12,
      routes: ['127.0.0.1:6222'],
      clients: ['127.0.0.1:4222'],
      members: {
        servers: ['first', ...members.filter(({ server }) => server).map(({ name }) => name)],
        apps: { shop: ['first', ...members.map(({ name }) => name)] },
      },
    }),
  };
  const listener = joinListener(ports, (error) => errors.push(error));
  const server = createServer(
    options.tls ?? shown(own.key, own.certificate, authority.certificate),
    (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.once('end', () => bodies.push(body));
      listener(request, response);
    },
  );
  const port = await portOf(server);
  const join = (token: string, changes: Partial<JoinOptions> = {}) =>
    joinCluster({
      address: `127.0.0.1:${port}`,
      token,
      name: 'second',
      keys: { node: makeKey(), server: makeKey() },
      ...changes,
    });
  return { env, authority, own, tokens, members, errors, bodies, port, join };
};
