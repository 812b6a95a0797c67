/**
 * The authority of a cluster: the key that signs the certificates of its machines. It is made on the machine that begins the
 * cluster and never leaves it; others hold its certificate only.
 *
 * S1  A certificate says what the policy allows and nothing of what else was asked for; a request for more is refused whole.
 * S2  Who asks has the key: a request is signed by it.
 * S3  A certificate is renewed only for who holds the key of one that is still good, for the same identity and hosts.
 */
import { createPrivateKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { isIP } from 'node:net';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import {
  canonicalHost,
  fingerprintOf,
  issueCertificate,
  type KeyPair,
  keyFingerprint,
  makeKey,
  makeRequest,
  readCertificate,
  readRequest,
  selfSignedAuthority,
} from './certificate.ts';
import { type Identity, identityOf, urisOf } from './identity.ts';
import type { PrivateFolder } from './private-folder.ts';

export type Authority = { readonly certificate: string; readonly key: KeyObject };

const dayMs = 24 * 3_600_000;
const keyFile = 'ca.key';
const certificateFile = 'ca.crt';

/**
 * The authority in this folder, made on first use (`ca.key`, `ca.crt`). `now`: milliseconds since 1970. Throws
 * `AUTHORITY_ELSEWHERE` on a machine that has joined another's cluster.
 */
export const openAuthority = (folder: PrivateFolder, now: number): Authority => {
  let key = folder.read(keyFile);
  let certificate = folder.read(certificateFile);
  // The key first: one without its certificate has signed nothing yet, and gets it now.
  if (key === undefined) {
    if (certificate !== undefined)
      throw new TuttiError(
        'AUTHORITY_ELSEWHERE',
        `The key of the cluster's authority is not on this machine: do this where the cluster began. If that was here, put ${keyFile} back into ${folder.path} from a copy.`,
        { details: { folder: folder.path } },
      );
    key = makeKey();
    folder.write(keyFile, key);
  }
  if (certificate === undefined) {
    certificate = makeAuthority(createPrivateKey(key), now).certificate;
    folder.write(certificateFile, certificate);
  }
  const authority = { certificate, key: createPrivateKey(key) };
  if (!readCertificate(certificate).x509.checkPrivateKey(authority.key))
    throw new TuttiError(
      'DATA_FORMAT',
      `The files ${keyFile} and ${certificateFile} in ${folder.path} do not belong together: put both back from the same copy.`,
      { details: { folder: folder.path } },
    );
  return authority;
};

/** The certificate of the authority that this machine trusts, whoever holds its key; undefined before there is one. */
export const trustedAuthority = (folder: PrivateFolder): string | undefined => folder.read(certificateFile);

/** Has this machine trust the authority of the cluster that it joined. */
export const trustAuthority = (folder: PrivateFolder, certificate: string): void =>
  folder.write(certificateFile, certificate);

/** An authority of its own. */
export const makeAuthority = (key: KeyObject, now: number): Authority => ({
  key,
  certificate: selfSignedAuthority(
    {
      commonName: 'Tutti authority',
      notBefore: now - limits.certificateBackdateMs,
      notAfter: now + limits.authorityDays * dayMs,
      serial: randomBytes(16),
    },
    key,
  ),
});

export type CertificatePolicy = {
  readonly identity: Identity;
  /** Addresses and names of hosts that it may have, beside those that every machine calls itself by. */
  readonly hosts: readonly string[];
};

/** What every machine is to itself. */
export const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** Signs a request, if it asks for nothing that `policy` does not allow. Throws `CERTIFICATE_REFUSED`. */
export const signRequest = (authority: Authority, request: string, policy: CertificatePolicy, now: number): string => {
  const { publicKey, hosts, uris } = readRequest(request);
  const allowed = new Set([...loopbackHosts, ...policy.hosts].map(canonicalHost));
  const allowedUris = urisOf(policy.identity);
  const foreign = [...hosts.filter((host) => !allowed.has(host)), ...uris.filter((uri) => !allowedUris.includes(uri))];
  if (foreign.length > 0)
    throw new TuttiError(
      'CERTIFICATE_REFUSED',
      `The machine asks for a certificate for ${foreign.slice(0, 5).join(', ')}, which is not known to be its own. If it is, name it when you make the token: tutti token --host ${foreign[0]}`,
      { details: { names: foreign.slice(0, 5) } },
    );
  if (hosts.length > limits.certificateHostsMax)
    throw new TuttiError(
      'CERTIFICATE_REFUSED',
      `The machine asks for a certificate for ${hosts.length} hosts: ${limits.certificateHostsMax} are the most.`,
    );
  const unnamed = hosts.find((host) => !isHost(host));
  if (unnamed !== undefined)
    throw new TuttiError(
      'CERTIFICATE_REFUSED',
      `${JSON.stringify(unnamed)} is no address or name of a host that a certificate can be for.`,
    );
  return issueCertificate(
    {
      commonName: policy.identity.name,
      publicKey,
      hosts,
      uris: allowedUris,
      notBefore: now - limits.certificateBackdateMs,
      notAfter: now + limits.certificateDays * dayMs,
      serial: randomBytes(16),
    },
    authority,
  );
};

/** No wildcards: they are names of others too. */
const isHost = (host: string): boolean =>
  isIP(host) !== 0 ||
  (host.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(host));

/** A key pair for `identity`, for the machine of the authority itself. */
export const ownKeyPair = (authority: Authority, policy: CertificatePolicy, now: number): KeyPair => {
  const key = makeKey();
  const request = makeRequest(key, { hosts: [...loopbackHosts, ...policy.hosts], uris: urisOf(policy.identity) });
  return { key, certificate: signRequest(authority, request, policy, now) };
};

/** What a machine sends to one that holds the authority's key, over any way: it proves itself. */
export type RenewalRequest = {
  /** The certificate that is to be replaced. */
  readonly certificate: string;
  /** A request for the new key. */
  readonly request: string;
  /** The request, signed by the old key; base64. */
  readonly signature: string;
};

/** Asks for a certificate like `current`, for a new key or another one that is given. */
export const renewalRequest = (
  current: KeyPair,
  key = makeKey(),
): { readonly key: string; readonly request: RenewalRequest } => {
  const request = makeRequest(key, readCertificate(current.certificate));
  const signature = sign('sha256', Buffer.from(request), createPrivateKey(current.key)).toString('base64');
  return { key, request: { certificate: current.certificate, request, signature } };
};

/**
 * Signs a renewal. `mayRenew` says whether the cluster still knows who asks. `keyOf`: the key (SHA-256, hexadecimal) that
 * others know it by, if they do. Throws `CERTIFICATE_REFUSED` unless the old certificate is of this authority and still good, and the
 * request comes from who holds its key.
 */
export const signRenewal = (
  authority: Authority,
  { certificate, request, signature }: RenewalRequest,
  mayRenew: (identity: Identity) => boolean,
  now: number,
  keyOf: (identity: Identity) => string | undefined = () => undefined,
): string => {
  const old = readCertificate(certificate);
  const identity = identityOf(old.uris);
  const known = identity !== undefined && old.x509.verify(readCertificate(authority.certificate).x509.publicKey);
  if (!known) throw refusedRenewal('its old certificate is not one of this cluster');
  if (now < old.notBefore || now > old.notAfter)
    throw refusedRenewal(`its old certificate was good until ${new Date(old.notAfter).toISOString()} only`);
  if (!verify('sha256', Buffer.from(request), old.x509.publicKey, Buffer.from(signature, 'base64')))
    throw refusedRenewal('it was not asked for with the key of the old one');
  if (!mayRenew(identity)) throw refusedRenewal(`${identity.name} is no member of the cluster any more`);
  const key = keyOf(identity);
  if (key !== undefined && key !== keyFingerprint(readRequest(request).publicKey))
    throw refusedRenewal(`the other servers know that of ${identity.name} by its key, and this is another one`);
  return signRequest(authority, request, { identity, hosts: old.hosts }, now);
};

const refusedRenewal = (why: string): TuttiError =>
  new TuttiError(
    'CERTIFICATE_REFUSED',
    `The certificate is not renewed: ${why}. Make a token where the cluster began (tutti token) and join again.`,
  );

/** The authority's certificate, as SHA-256: what a token carries. */
export const authorityFingerprint = (authority: Pick<Authority, 'certificate'>): Buffer =>
  fingerprintOf(authority.certificate);
