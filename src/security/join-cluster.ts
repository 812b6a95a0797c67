/**
 * The side of the machine that joins.
 *
 * J4  Nothing is said, the token neither, before who answers has shown a certificate that the authority in the token signed for a
 *     server of the cluster. The name in the address need not be in it: machines are reached through names and networks that the
 *     authority has never heard of, and a node's certificate is not enough to be listened to.
 * J5  What comes back is used only if it is of that authority, for the keys that were made here, and for this machine.
 */
import { createPublicKey, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { catalogue, type ErrorCode } from '../errors/catalogue.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { loopbackHosts } from './authority.ts';
import { fingerprintOf, type KeyPair, makeRequest, readCertificate } from './certificate.ts';
import { type Identity, identityOf, serverRole, uriOf, urisOf } from './identity.ts';
import {
  type ClusterFacts,
  type JoinAnswer,
  type JoinOffers,
  joinPath,
  joinVersion,
  readJoinAnswer,
} from './join-protocol.ts';
import { readJoinToken } from './join-token.ts';

export type JoinOptions = {
  /** Of a server of the cluster: `host`, `host:port`, or `https://host:port`. */
  readonly address: string;
  readonly token: string;
  /** Of this machine, in the cluster. */
  readonly name: string;
  /** The app whose node it is to be, which the token names too; undefined: whichever that is. */
  readonly app?: string;
  /** Private keys (`makeKey`), on disk before they are used here: with the same ones the exchange can be repeated. */
  readonly keys: { readonly node: string; readonly server?: string };
  /** Addresses and names that others reach this machine at, beside the address from which it reaches the cluster. */
  readonly hosts?: readonly string[];
  readonly offers?: JoinOffers;
};

export type Joined = ClusterFacts & {
  readonly app: string;
  /** The certificate of the authority, to be trusted from now on. */
  readonly authority: string;
  readonly node: KeyPair;
  readonly server?: KeyPair;
};

/**
 * Joins the cluster. Rejects with what the cluster refused it for (`JOIN_TOKEN_…`, `JOIN_REFUSED`, `CERTIFICATE_REFUSED`), with
 * `JOIN_TOKEN_MISTYPED` and `OPTION_INVALID` before anything is sent, `AUTHORITY_MISMATCH` and `UNREACHABLE` before the token is,
 * and `NO_ANSWER` when it may have been taken in: to be repeated with the same keys.
 */
export const joinCluster = async (options: JoinOptions): Promise<Joined> => {
  const { token, name, keys, offers = {} } = options;
  const place = placeOf(options.address);
  const trusted = readJoinToken(token).authority;
  // Which app it will be, the token says; the names of the request are filled in where it is signed.
  uriOf({ kind: 'server', name });
  const met = await meet(place, trusted);
  const hosts = [...loopbackHosts, met.ownAddress, ...(options.hosts ?? [])];
  const body = JSON.stringify({
    version: joinVersion,
    token,
    name,
    node: makeRequest(keys.node, { hosts, uris: [] }),
    ...(keys.server === undefined
      ? {}
      : { server: makeRequest(keys.server, { hosts, uris: urisOf({ kind: 'server', name }) }) }),
    offers,
  });
  const answer = readJoinAnswer(await ask(place, met.authority, body));
  return checked(answer, options, met.authority);
};

type Place = { readonly host: string; readonly port: number };

const placeOf = (address: string): Place => {
  const text = address.includes('://') ? address : `https://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    url.protocol !== 'https:' ||
    url.hostname === '' ||
    url.pathname !== '/' ||
    url.username !== ''
  )
    throw new TuttiError(
      'OPTION_INVALID',
      `${JSON.stringify(address)} is no address to join: write host:port, as the machine that made the token printed it. It is reached by TLS only.`,
      { details: { option: 'address' } },
    );
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // URL leaves out the port that is usual for https.
  const port = url.port !== '' ? Number(url.port) : /:443\/?$/.test(text) ? 443 : limits.gatewayPortDefault;
  return { host, port };
};

type Met = { readonly authority: string; readonly ownAddress: string };

/** Looks who answers, and finds the authority of the token among the certificates that they show. Says nothing. */
const meet = async (place: Place, trusted: Uint8Array): Promise<Met> => {
  // Whom to trust is told by the token: the list of the system has no say.
  const socket = await connected(place, { rejectUnauthorized: false });
  const authority = shownBy(socket).find((shown) => timingSafeEqual(fingerprintOf(shown), trusted));
  const ownAddress = socket.localAddress ?? '127.0.0.1';
  socket.destroy();
  if (authority === undefined) throw mismatch(place, 'It shows certificates of another authority.');
  return { authority: authority.toString(), ownAddress };
};

const chainMax = 5;

const shownBy = (socket: TLSSocket): readonly X509Certificate[] => {
  const shown: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && shown.length < chainMax) {
    shown.push(next);
    next = next.issuerCertificate;
  }
  return shown;
};

/** A connection whose handshake is done, and whose certificate is as `trust` wants it. */
const connected = (place: Place, trust: ConnectionOptions): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    // SNI has names only.
    const servername = isIP(place.host) === 0 ? place.host : '';
    const socket = connect({ ...place, servername, minVersion: 'TLSv1.3', ...trust });
    socket.setTimeout(limits.joinWaitMs, () => socket.destroy(new Error('it takes too long to answer')));
    const fail = (cause: Error): void =>
      reject(
        isVerification(cause)
          ? mismatch(place, `Its certificate is not good: ${cause.message}.`)
          : unreachable(place, cause),
      );
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });

const ask = async (place: Place, authority: string, body: string): Promise<string> => {
  // Connected first, and then written to: J4.
  const socket = await connected(place, {
    ca: authority,
    checkServerIdentity: (_host, { raw }) => (speaksForServer(raw) ? undefined : notOfServer),
  });
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(noAnswer(place, cause));
    const request = httpRequest({
      method: 'POST',
      path: joinPath,
      headers: { host: 'tutti', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      createConnection: () => socket,
    });
    request.once('error', fail);
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > limits.joinBodyBytesMax) request.destroy(new Error('its answer is too long'));
      });
      response.once('error', fail);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(toldError(text, place));
      });
    });
    request.end(body);
  });
};

const notOfServer = new Error('it is not that of a server of the cluster');

const speaksForServer = (raw: Buffer): boolean => {
  const pem = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`;
  const { uris } = readCertificate(pem);
  return uris.includes(serverRole) && identityOf(uris)?.kind === 'server';
};

const isVerification = (error: Error): boolean => {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return /CERT|SIGNATURE|VERIFY|ISSUER/.test(code) || error === notOfServer;
};

/** An error that a server of the cluster told. */
const toldError = (text: string, place: Place): TuttiError => {
  try {
    const { error } = JSON.parse(text) as {
      error: { code: ErrorCode; message: string; details: Record<string, unknown> };
    };
    if (Object.hasOwn(catalogue, error.code) && typeof error.message === 'string')
      return new TuttiError(error.code, error.message, { details: error.details });
  } catch {
    // Not told in our words.
  }
  return new TuttiError(
    'PROTOCOL_INVALID',
    `${place.host}:${place.port} is of the cluster, but no machine can join there: use the address that was printed with the token.`,
  );
};

const checked = (answer: JoinAnswer, options: JoinOptions, authority: string): Joined => {
  const { name, keys } = options;
  const { version: _, node, server, ...facts } = answer;
  if (!fingerprintOf(answer.authority).equals(fingerprintOf(authority))) throw wrongAnswer('another authority');
  if (options.app !== undefined && answer.app !== options.app)
    throw new TuttiError(
      'JOIN_REFUSED',
      `The token is for the app ${answer.app}, and this is ${options.app}: make a token for it, or run the other app.`,
      { details: { app: answer.app } },
    );
  const pair = (key: string, certificate: string, identity: Identity): KeyPair => {
    const { x509, uris } = readCertificate(certificate);
    const own = createPublicKey(key).equals(x509.publicKey);
    const signedByIt = x509.verify(readCertificate(authority).x509.publicKey);
    const found = identityOf(uris);
    if (!own || !signedByIt || found === undefined || uriOf(found) !== uriOf(identity))
      throw wrongAnswer('a certificate that is not for this machine');
    return { key, certificate };
  };
  const common = { ...facts, node: pair(keys.node, node, { kind: 'node', app: answer.app, name }) };
  if (keys.server === undefined) return common;
  if (server === undefined) throw wrongAnswer('no certificate for its servers');
  return { ...common, server: pair(keys.server, server, { kind: 'server', name }) };
};

const wrongAnswer = (what: string): TuttiError =>
  new TuttiError(
    'PROTOCOL_INVALID',
    `The cluster answered with ${what}. Use the same version of Tutti on both machines.`,
  );

const mismatch = ({ host, port }: Place, what: string): TuttiError =>
  new TuttiError(
    'AUTHORITY_MISMATCH',
    `Who answers at ${host}:${port} is not of the cluster that the token is for. ${what} Nothing was sent. Look at the address, or make a new token there: tutti token`,
    { details: { host, port } },
  );

const unreachable = ({ host, port }: Place, cause: Error): TuttiError =>
  new TuttiError(
    'UNREACHABLE',
    `No TLS connection to ${host}:${port}: ${cause.message}. Is that the address that was printed with the token, and can it be reached from here?`,
    { details: { host, port }, cause },
  );

const noAnswer = ({ host, port }: Place, cause: Error): TuttiError =>
  new TuttiError(
    'NO_ANSWER',
    `The connection to ${host}:${port} ended before its answer: ${cause.message}. Repeat the command; this machine may use its token again.`,
    { details: { host, port }, cause },
  );
