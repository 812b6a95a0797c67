/**
 * X.509 as Tutti uses it: keys on the curve P-256, certificates and signing requests with names of hosts and URIs. Texts are PEM.
 * The encoding is the work of `@peculiar/asn1-x509`; keys and signatures are Node's.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  Attribute,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';

/** Where a certificate is good for: addresses and names of hosts, and URIs. */
export type CertificateNames = { readonly hosts: readonly string[]; readonly uris: readonly string[] };

/** A certificate and its private key. */
export type KeyPair = { readonly key: string; readonly certificate: string };

const commonNameId = '2.5.4.3';
const extensionRequestId = '1.2.840.113549.1.9.14';
const ecdsaWithSha256 = new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' });

/** A new private key. */
export const makeKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

/** Asks for a certificate for this key's public half. */
export const makeRequest = (key: string, names: CertificateNames): string => {
  const privateKey = createPrivateKey(key);
  const wanted = AsnConvert.serialize(new Extensions([alternativeNames(names)]));
  const certificationRequestInfo = new CertificationRequestInfo({
    subject: commonName('tutti'),
    subjectPKInfo: publicKeyInfo(createPublicKey(privateKey)),
    attributes: new Attributes([new Attribute({ type: extensionRequestId, values: [wanted] })]),
  });
  const signature = signed(certificationRequestInfo, privateKey);
  const request = new CertificationRequest({
    certificationRequestInfo,
    signatureAlgorithm: ecdsaWithSha256,
    signature,
  });
  return pem('CERTIFICATE REQUEST', AsnConvert.serialize(request));
};

export type ReadRequest = CertificateNames & { readonly publicKey: KeyObject };

/** What a request asks for, once its signature has shown that it comes from who has the key. Throws `CERTIFICATE_REFUSED`. */
export const readRequest = (text: string): ReadRequest => {
  const request = parsedRequest(text);
  const { subjectPKInfo, attributes } = request.certificationRequestInfo;
  const publicKey = publicKeyOf(subjectPKInfo);
  const body = Buffer.from(request.certificationRequestInfoRaw as ArrayBuffer);
  const own =
    request.signatureAlgorithm.algorithm === ecdsaWithSha256.algorithm &&
    verify('sha256', body, publicKey, Buffer.from(request.signature));
  if (!own) throw refusedRequest('it is not signed by the key that it is for');
  const wanted = (attributes ?? []).find(({ type }) => type === extensionRequestId)?.values[0];
  try {
    return { publicKey, ...namesIn(wanted === undefined ? [] : AsnConvert.parse(wanted, Extensions)) };
  } catch (cause) {
    throw refusedRequest('its names cannot be read', cause);
  }
};

const parsedRequest = (text: string): CertificationRequest => {
  const body = /^-----BEGIN CERTIFICATE REQUEST-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----\s*$/.exec(
    text,
  );
  if (text.length > limits.certificateRequestCharsMax || body === null) throw refusedRequest('it is not one in PEM');
  try {
    return AsnConvert.parse(Buffer.from(body[1] as string, 'base64'), CertificationRequest);
  } catch (cause) {
    throw refusedRequest('it cannot be read', cause);
  }
};

const publicKeyOf = (info: SubjectPublicKeyInfo): KeyObject => {
  let key: KeyObject | undefined;
  try {
    key = createPublicKey({ key: Buffer.from(AsnConvert.serialize(info)), type: 'spki', format: 'der' });
  } catch {
    // Told below: a key that Node cannot read is none on that curve.
  }
  if (key?.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw refusedRequest('its key is not one on the curve P-256');
  return key;
};

const refusedRequest = (why: string, cause?: unknown): TuttiError =>
  new TuttiError(
    'CERTIFICATE_REFUSED',
    `The request for a certificate is refused: ${why}. It is made by Tutti when a machine joins; join again.`,
    cause === undefined ? {} : { cause },
  );

export type NewCertificate = CertificateNames & {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  /** Milliseconds since 1970, cut to seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
};

export type Issuer = { readonly certificate: string; readonly key: KeyObject };

/** A certificate for the ends of TLS connections, both of them, signed by `issuer`. */
export const issueCertificate = (wanted: NewCertificate, issuer: Issuer): string => {
  const signer = AsnConvert.parse(new X509Certificate(issuer.certificate).raw, Certificate).tbsCertificate;
  return signedCertificate(wanted, signer.subject, issuer.key, createPublicKey(issuer.key), [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth])),
    alternativeNames(wanted),
  ]);
};

/** The certificate of an authority that signs others and is signed by itself. */
export const selfSignedAuthority = (
  wanted: Omit<NewCertificate, 'hosts' | 'uris' | 'publicKey'>,
  key: KeyObject,
): string => {
  const publicKey = createPublicKey(key);
  return signedCertificate({ ...wanted, publicKey }, commonName(wanted.commonName), key, publicKey, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
  ]);
};

const signedCertificate = (
  wanted: Omit<NewCertificate, 'hosts' | 'uris'>,
  issuer: Name,
  issuerKey: KeyObject,
  issuerPublicKey: KeyObject,
  extensions: readonly Extension[],
): string => {
  const serial = Uint8Array.from(wanted.serial);
  // A serial number is a positive integer without zeros ahead.
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serial.buffer,
    signature: ecdsaWithSha256,
    issuer,
    validity: new Validity({ notBefore: wholeSecond(wanted.notBefore), notAfter: wholeSecond(wanted.notAfter) }),
    subject: commonName(wanted.commonName),
    subjectPublicKeyInfo: publicKeyInfo(wanted.publicKey),
    extensions: new Extensions([
      ...extensions,
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(wanted.publicKey))),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(issuerPublicKey)) }),
      ),
    ]),
  });
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: ecdsaWithSha256,
    signatureValue: signed(tbsCertificate, issuerKey),
  });
  return pem('CERTIFICATE', AsnConvert.serialize(certificate));
};

export type ReadCertificate = CertificateNames & {
  readonly notBefore: number;
  readonly notAfter: number;
  readonly x509: X509Certificate;
};

/** The first certificate in the text. Throws `CERTIFICATE_REFUSED` for what is none. */
export const readCertificate = (text: string): ReadCertificate => {
  try {
    const x509 = new X509Certificate(text);
    const { validity, extensions } = AsnConvert.parse(x509.raw, Certificate).tbsCertificate;
    return {
      ...namesIn(extensions ?? []),
      notBefore: validity.notBefore.getTime().getTime(),
      notAfter: validity.notAfter.getTime().getTime(),
      x509,
    };
  } catch (cause) {
    throw new TuttiError('CERTIFICATE_REFUSED', 'That is no certificate in PEM, or one that cannot be read.', {
      cause,
    });
  }
};

/** SHA-256 of the certificate's bytes. */
export const fingerprintOf = (certificate: string | X509Certificate): Buffer =>
  createHash('sha256')
    .update((typeof certificate === 'string' ? new X509Certificate(certificate) : certificate).raw)
    .digest();

/** SHA-256 of a public key, in hexadecimal: tells keys apart. */
export const keyFingerprint = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');

/** An address or name as it is written and compared: `::FFFF:10.0.0.1` is `10.0.0.1`. */
export const canonicalHost = (host: string): string => {
  // An address of one network interface says which, behind a %.
  const plain = host.toLowerCase().replace(/^::ffff:(?=\d+\.)|%.*$/g, '');
  return isIP(plain) === 6 ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain;
};

const namesIn = (extensions: Iterable<Extension>): CertificateNames => {
  const found = [...extensions].find(({ extnID }) => extnID === id_ce_subjectAltName);
  const names = found === undefined ? [] : [...AsnConvert.parse(found.extnValue, SubjectAlternativeName)];
  const hosts: string[] = [];
  const uris: string[] = [];
  for (const { dNSName, iPAddress, uniformResourceIdentifier } of names) {
    const host = dNSName ?? iPAddress;
    if (host !== undefined) hosts.push(canonicalHost(host));
    else if (uniformResourceIdentifier !== undefined) uris.push(uniformResourceIdentifier);
    // Mail addresses and the like would be names too, to NATS: nothing of ours has one.
    else throw new Error('a name of a kind that is not used here');
  }
  return { hosts, uris };
};

const alternativeNames = ({ hosts, uris }: CertificateNames): Extension =>
  extension(
    id_ce_subjectAltName,
    new SubjectAlternativeName([
      ...[...new Set(hosts.map(canonicalHost))].map(
        (host) => new GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host }),
      ),
      ...uris.map((uri) => new GeneralName({ uniformResourceIdentifier: uri })),
    ]),
  );

const extension = (extnID: string, value: object, critical = false): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });

const commonName = (name: string): Name =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: commonNameId, value: new AttributeValue({ utf8String: name }) }),
    ]),
  ]);

const publicKeyInfo = (key: KeyObject): SubjectPublicKeyInfo =>
  AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);

const keyIdentifier = (key: KeyObject): ArrayBuffer => {
  const { subjectPublicKey } = publicKeyInfo(key);
  return ownBuffer(createHash('sha1').update(Buffer.from(subjectPublicKey)).digest());
};

const signed = (content: object, key: KeyObject): ArrayBuffer =>
  ownBuffer(sign('sha256', Buffer.from(AsnConvert.serialize(content)), key));

const ownBuffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

const wholeSecond = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000);

const pem = (label: string, bytes: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${(
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END ${label}-----\n`;
