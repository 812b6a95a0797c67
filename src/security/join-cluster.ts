/**
 * The side of the machine that joins. Whom it speaks to is seen to by `server-request.ts` (J4).
 *
 * J5  What comes back is used only if it is of that authority, for the keys that were made here, and for this machine.
 */
import { createPublicKey, timingSafeEqual, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { TuttiError } from '../errors/tutti-error.ts';
import { loopbackHosts } from './authority.ts';
import { fingerprintOf, type KeyPair, makeRequest, readCertificate } from './certificate.ts';
import { type Identity, identityOf, uriOf, urisOf } from './identity.ts';
import {
  type ClusterFacts,
  type JoinAnswer,
  type JoinOffers,
  joinPath,
  joinVersion,
  readJoinAnswer,
  replaceVersion,
} from './join-protocol.ts';
import { readJoinToken } from './join-token.ts';
import { askServer, connected, mismatch, type Place, placeOf } from './server-request.ts';

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
  /** The address of this machine from which the cluster is to see it come. */
  readonly localAddress?: string;
  /** Addresses and names that others reach this machine at, beside the address from which it reaches the cluster. */
  readonly hosts?: readonly string[];
  readonly offers?: JoinOffers;
  /** The machine, gone for good, whose place it takes. */
  readonly replaces?: string;
};

export type Joined = ClusterFacts & {
  readonly app: string;
  /** The certificate of the authority, to be trusted from now on. */
  readonly authority: string;
  readonly node: KeyPair;
  /** Missing where none was asked for, or the cluster has servers enough. */
  readonly server?: KeyPair;
};

/**
 * Joins the cluster. Rejects with what the cluster refused it for (`JOIN_TOKEN_…`, `JOIN_REFUSED`, `CERTIFICATE_REFUSED`), with
 * `JOIN_TOKEN_MISTYPED` and `OPTION_INVALID` before anything is sent, `AUTHORITY_MISMATCH` and `UNREACHABLE` before the token is,
 * and `NO_ANSWER` when it may have been taken in: to be repeated with the same keys.
 */
export const joinCluster = async (options: JoinOptions): Promise<Joined> => {
  const { token, name, keys, replaces, offers = {} } = options;
  const place = placeOf(options.address, options.localAddress);
  const trusted = readJoinToken(token).authority;
  // Which app it will be, the token says; the names of the request are filled in where it is signed.
  uriOf({ kind: 'server', name });
  const met = await meet(place, trusted);
  const hosts = [...loopbackHosts, met.ownAddress, ...(options.hosts ?? [])];
  const body = JSON.stringify({
    version: replaces === undefined ? joinVersion : replaceVersion,
    ...(replaces === undefined ? {} : { replaces }),
    token,
    name,
    node: makeRequest(keys.node, { hosts, uris: [] }),
    ...(keys.server === undefined
      ? {}
      : { server: makeRequest(keys.server, { hosts, uris: urisOf({ kind: 'server', name }) }) }),
    offers,
  });
  const answer = readJoinAnswer(await askServer(place, { authority: met.authority, path: joinPath, body }));
  return checked(answer, options, met.authority);
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
  if (keys.server === undefined || server === undefined) return common;
  return { ...common, server: pair(keys.server, server, { kind: 'server', name }) };
};

const wrongAnswer = (what: string): TuttiError =>
  new TuttiError(
    'PROTOCOL_INVALID',
    `The cluster answered with ${what}. Use the same version of Tutti on both machines.`,
  );
