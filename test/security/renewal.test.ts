/** A server whose certificate is renewed shows the new one from then on, and cuts nobody. */
import { utimesSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { manualEnv } from '../../src/engine/embedded/manual-env.fixture.ts';
import { LifeLines } from '../../src/node/life-lines.ts';
import { ownKeyPair, renewalRequest, signRenewal } from '../../src/security/authority.ts';
import { type KeyPair, readCertificate } from '../../src/security/certificate.ts';
import { CertificateKeeper } from '../../src/security/certificate-keeper.ts';
import { readKeyPair, writeKeyPair } from '../../src/security/key-pair-file.ts';
import { dayMs, freshFolder, newAuthority } from '../../src/security/security.fixture.ts';

test('an https server goes over to the renewed certificate without a restart', async () => {
  // TLS goes by the system's clock, so the first certificate is an old one that is still good.
  const env = manualEnv();
  env.advance(Date.now() - 50 * dayMs);
  const authority = newAuthority(env.clock.now());
  const identity = { kind: 'server', name: 'n1' } as const;
  const first = ownKeyPair(authority, { identity, hosts: [] }, env.clock.now());
  let done: (pair: KeyPair) => void = () => undefined;
  const renewed = new Promise<KeyPair>((resolve) => (done = resolve));
  const keeper = new CertificateKeeper({
    env,
    current: first,
    renew: async (current) => {
      const { key, request } = renewalRequest(current);
      // For the test's clock ten days from now; for TLS it must be good now.
      return { key, certificate: signRenewal(authority, request, () => true, Date.now()) };
    },
    save: () => undefined,
    report: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => keeper.close());
  const contextOf = ({ key, certificate }: KeyPair) => ({ key, cert: certificate + authority.certificate });
  const server = createServer(contextOf(first), (_request, response) => void response.end('ok'));
  keeper.onRenewed((pair) => {
    server.setSecureContext(contextOf(pair));
    done(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const enter = (): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const socket = connect({ port, host: '127.0.0.1', ca: authority.certificate }, () => resolve(socket));
      socket.once('error', reject);
      onTestFinished(() => void socket.destroy());
    });

  const before = await enter();
  expect(serialOf(before)).toBe(readCertificate(first.certificate).x509.serialNumber);
  // It looks at the clock every few hours.
  for (let day = 0; day < 61 * 4; day++) env.advance(dayMs / 4);
  const { certificate } = await renewed;
  expect(serialOf(await enter())).toBe(readCertificate(certificate).x509.serialNumber);
  const answer = new Promise((resolve) => before.once('data', (bytes) => resolve(String(bytes))));
  before.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await answer).toContain('200 OK');
});

const serialOf = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.serialNumber;

test('life lines go over to a renewed certificate, in the same file', async () => {
  const authority = newAuthority(Date.now());
  const folder = freshFolder();
  const file = path.join(folder.path, 'node.pem');
  folder.write('ca.crt', authority.certificate);
  const identity = { kind: 'node', app: 'shop', name: 'n1' } as const;
  const renew = (): string => {
    const pair = ownKeyPair(authority, { identity, hosts: [] }, Date.now());
    writeKeyPair(folder, 'node.pem', { ...pair, authority: authority.certificate });
    return readCertificate(pair.certificate).x509.serialNumber;
  };
  const first = renew();
  const tls = { ca: path.join(folder.path, 'ca.crt'), cert: file, key: file };
  const lines = await LifeLines.open({ token: 'a', host: '127.0.0.1', port: 0, tls, onEnded: () => undefined });
  onTestFinished(() => lines.close());
  const shown = (): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const [host, port] = lines.address.split(':');
      const { key, certificate } = readKeyPair(folder, 'node.pem') as KeyPair;
      const socket = connect({ host, port: Number(port), ca: authority.certificate, key, cert: certificate }, () => {
        resolve(serialOf(socket));
        socket.destroy();
      });
      socket.once('error', reject);
    });
  expect(await shown()).toBe(first);
  const second = renew();
  // However coarse the times of this file system are.
  utimesSync(file, new Date(0), new Date(0));
  expect(await shown()).toBe(second);
});
