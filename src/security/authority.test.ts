import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  loopbackHosts,
  openAuthority,
  ownKeyPair,
  renewalRequest,
  signRenewal,
  signRequest,
  trustAuthority,
  trustedAuthority,
} from './authority.ts';
import {
  canonicalHost,
  fingerprintOf,
  issueCertificate,
  makeKey,
  makeRequest,
  readCertificate,
  readRequest,
} from './certificate.ts';
import { type Identity, urisOf } from './identity.ts';
import { dayMs, freshFolder, newAuthority, start, withCode } from './security.fixture.ts';

const node: Identity = { kind: 'node', app: 'shop', name: 'n1' };
const server: Identity = { kind: 'server', name: 'n1' };

/** A place for what openssl is to read. */
const filesIn = () => {
  const { path: folder } = freshFolder();
  return { folder, write: (name: string, text: string) => writeFileSync(path.join(folder, name), text) };
};

describe('the authority of a cluster', () => {
  test('is made on first use and stays the same', () => {
    const folder = freshFolder();
    const first = openAuthority(folder, start);
    const second = openAuthority(folder, start + 99 * dayMs);
    expect(second.certificate).toBe(first.certificate);
    expect(second.key.equals(first.key)).toBe(true);
    expect(trustedAuthority(folder)).toBe(first.certificate);
    const { x509 } = readCertificate(first.certificate);
    expect(x509.ca).toBe(true);
    expect(x509.checkIssued(x509) && x509.verify(x509.publicKey)).toBe(true);
    expect(x509.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  test('whose making was cut short has its key and gets its certificate', () => {
    const folder = freshFolder();
    folder.write('ca.key', makeKey());
    expect(openAuthority(folder, start).certificate).toBe(trustedAuthority(folder));
  });

  test('is not made where another one is trusted, nor from parts of two', () => {
    const joined = freshFolder();
    trustAuthority(joined, newAuthority().certificate);
    expect(() => openAuthority(joined, start)).toThrow(withCode('AUTHORITY_ELSEWHERE'));
    joined.write('ca.key', makeKey());
    expect(() => openAuthority(joined, start)).toThrow(withCode('DATA_FORMAT', 'do not belong together'));
  });

  test('gives certificates for both ends of a connection that strict readers accept', () => {
    const authority = newAuthority();
    const { key, certificate } = ownKeyPair(
      authority,
      { identity: server, hosts: ['n1.example', '10.0.0.1', 'FE80::1'] },
      start,
    );
    const read = readCertificate(certificate);
    expect(read.hosts).toEqual([...loopbackHosts, 'n1.example', '10.0.0.1', 'fe80::1']);
    expect(read.uris).toEqual(urisOf(server));
    expect(read.notAfter - start).toBe(90 * dayMs);
    expect(read.notBefore).toBeLessThan(start);
    expect(read.x509.ca).toBe(false);
    const { folder, write } = filesIn();
    write('ca.pem', authority.certificate);
    write('own.pem', key + certificate);
    for (const purpose of ['sslserver', 'sslclient']) {
      const options = ['-x509_strict', '-purpose', purpose, '-attime', String(start / 1000), '-CAfile', 'ca.pem'];
      expect(execFileSync('openssl', ['verify', ...options, 'own.pem'], { cwd: folder, encoding: 'utf8' })).toContain(
        'OK',
      );
    }
  });

  test('gives each certificate a random serial number', () => {
    const authority = newAuthority();
    const serials = Array.from(
      { length: 50 },
      () => new X509Certificate(ownKeyPair(authority, { identity: node, hosts: [] }, start).certificate).serialNumber,
    );
    expect(new Set(serials).size).toBe(50);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  const request = (hosts: readonly string[], uris: readonly string[] = urisOf(node)): string =>
    makeRequest(makeKey(), { hosts, uris });

  test('signs no request for hosts or identities beyond the policy (S1)', () => {
    const authority = newAuthority();
    const policy = { identity: node, hosts: ['10.0.0.1', 'n1.example'] };
    const sign = (text: string): string => signRequest(authority, text, policy, start);
    expect(readCertificate(sign(request(['10.0.0.1', '127.0.0.1']))).hosts).toEqual(['10.0.0.1', '127.0.0.1']);
    expect(readCertificate(sign(request([], []))).uris).toEqual(urisOf(node));
    expect(readCertificate(sign(request(['::ffff:10.0.0.1']))).hosts).toEqual(['10.0.0.1']);
    for (const hosts of [['10.0.0.2'], ['10.0.0.1', 'db.example'], ['*.example'], ['*'], ['n1.example.'], ['0.0.0.0']])
      expect(() => sign(request(hosts)), hosts.join()).toThrow(withCode('CERTIFICATE_REFUSED', hosts.at(-1)));
    for (const uri of ['tutti:server', 'tutti:server/n1', 'tutti:node/bank/n1', 'tutti:node/shop/n2', 'https://x'])
      expect(() => sign(request([], [uri])), uri).toThrow(withCode('CERTIFICATE_REFUSED', uri));
  });

  test('signs for no wildcards even where a policy names them', () => {
    const policy = { identity: node, hosts: ['*.example'] };
    expect(() => signRequest(newAuthority(), request(['*.example']), policy, start)).toThrow(
      withCode('CERTIFICATE_REFUSED'),
    );
  });

  test('signs only for who has the key, and for keys of its kind (S2)', () => {
    const own = request([]);
    const bytes = Buffer.from(own.replace(/-----.*-----|\s/g, ''), 'base64');
    for (const [at, what] of [
      [bytes.length - 1, 'signature'],
      [60, 'key'],
    ] as const) {
      const forged = Buffer.from(bytes);
      forged[at] = (forged[at] as number) ^ 1;
      const text = `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
      expect(() => readRequest(text), what).toThrow(withCode('CERTIFICATE_REFUSED'));
    }
    const { folder, write } = filesIn();
    for (const options of [
      { type: 'rsa', modulusLength: 2048 },
      { type: 'ec', namedCurve: 'P-384' },
    ]) {
      const pair = generateKeyPairSync(options.type as 'rsa', options as { modulusLength: number });
      write('foreign.key', pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
      const foreign = execFileSync('openssl', ['req', '-new', '-key', 'foreign.key', '-subj', '/CN=x'], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(() => readRequest(foreign)).toThrow(withCode('CERTIFICATE_REFUSED'));
    }
  });

  test('takes anything at all for a request without failing otherwise', () => {
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(request([]).replace(/-----.*-----|\s/g, ''), 'base64');
      const at = round % bytes.length;
      const text =
        round % 3 === 0
          ? randomBytes(round).toString('base64')
          : Buffer.concat([bytes.subarray(0, at), randomBytes(2), bytes.subarray(at + 2)]).toString('base64');
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`;
      expect(() => readRequest(pem)).toThrow(withCode('CERTIFICATE_REFUSED'));
    }
  });
});

describe('a renewal', () => {
  const authority = newAuthority();
  const current = ownKeyPair(authority, { identity: node, hosts: ['10.0.0.1'] }, start);
  const anybody = (): boolean => true;
  const later = start + 60 * dayMs;

  test('gives the same identity and hosts, for a new key', () => {
    const { key, request } = renewalRequest(current);
    const renewed = readCertificate(signRenewal(authority, request, anybody, later));
    const old = readCertificate(current.certificate);
    expect({ hosts: renewed.hosts, uris: renewed.uris }).toEqual({ hosts: old.hosts, uris: old.uris });
    expect(renewed.notAfter).toBe(later + 90 * dayMs);
    expect(renewed.x509.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(renewed.x509.publicKey.equals(old.x509.publicKey)).toBe(false);
    expect(fingerprintOf(renewed.x509)).not.toEqual(fingerprintOf(old.x509));
  });

  test('is refused to who lacks the old key, is too late, is of another authority, or no member (S3)', () => {
    const { request } = renewalRequest(current);
    const sign = (
      changed: Partial<typeof request>,
      now = later,
      may: (identity: Identity) => boolean = anybody,
    ): string => signRenewal(authority, { ...request, ...changed }, may, now);
    const thief = renewalRequest({ key: makeKey(), certificate: current.certificate }).request;
    expect(() => sign({ signature: thief.signature })).toThrow(withCode('CERTIFICATE_REFUSED', 'with the key'));
    expect(() => sign(thief)).toThrow(withCode('CERTIFICATE_REFUSED', 'with the key'));
    expect(() => sign({ request: thief.request })).toThrow(withCode('CERTIFICATE_REFUSED', 'with the key'));
    expect(() => sign({}, start + 91 * dayMs)).toThrow(withCode('CERTIFICATE_REFUSED', 'good until'));
    expect(() => sign({}, start - dayMs)).toThrow(withCode('CERTIFICATE_REFUSED', 'good until'));
    expect(() => sign({}, later, ({ name }) => name !== 'n1')).toThrow(withCode('CERTIFICATE_REFUSED', 'no member'));
    const foreign = ownKeyPair(newAuthority(), { identity: node, hosts: [] }, start);
    expect(() => sign(renewalRequest(foreign).request)).toThrow(
      withCode('CERTIFICATE_REFUSED', 'not one of this cluster'),
    );
    expect(() => sign({ certificate: authority.certificate })).toThrow(
      withCode('CERTIFICATE_REFUSED', 'not one of this'),
    );
    expect(() => sign({ certificate: 'x' })).toThrow(withCode('CERTIFICATE_REFUSED'));
  });

  test('cannot widen what the old one was for', () => {
    const wider = issueCertificate(
      {
        commonName: 'n1',
        hosts: ['10.0.0.1', 'db.example'],
        uris: urisOf(server),
        publicKey: readCertificate(current.certificate).x509.publicKey,
        notBefore: start,
        notAfter: start + dayMs,
        serial: randomBytes(16),
      },
      newAuthority(),
    );
    // Asks as the machine it is, with the names of that other certificate.
    const asked = renewalRequest({ key: current.key, certificate: wider }).request;
    expect(() => signRenewal(authority, { ...asked, certificate: current.certificate }, anybody, later)).toThrow(
      withCode('CERTIFICATE_REFUSED', 'db.example'),
    );
  });
});

test('hosts are compared in one form', () => {
  expect(['::FFFF:10.0.0.1', '0:0:0:0:0:0:0:1', 'FE80::1%eth0', 'N1.Example', '10.0.0.1'].map(canonicalHost)).toEqual([
    '10.0.0.1',
    '::1',
    'fe80::1',
    'n1.example',
    '10.0.0.1',
  ]);
});
