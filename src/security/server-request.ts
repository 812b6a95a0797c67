/**
 * One question over TLS to a server of the cluster, by a machine that trusts the cluster's authority and nobody else.
 *
 * J4  Nothing is said, a token neither, before who answers has shown a certificate that the authority signed for a server of the
 *     cluster. The name in the address need not be in it: machines are reached through names and networks that the authority has
 *     never heard of, and a node's certificate is not enough to be listened to.
 */
import { request as httpRequest } from 'node:http';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type ErrorCode, summaries } from '../errors/catalogue.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { type KeyPair, readCertificate } from './certificate.ts';
import { identityOf, serverRole } from './identity.ts';

/** `localAddress`: the address of this machine that is to be seen there. */
export type Place = { readonly host: string; readonly port: number; readonly localAddress?: string | undefined };

/** Reads `host`, `host:port`, or `https://host:port`. Throws `OPTION_INVALID`. */
export const placeOf = (address: string, localAddress?: string): Place => {
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
  const port = url.port !== '' ? Number(url.port) : /:443\/?$/.test(text) ? 443 : limits.joinPortDefault;
  return { host, port, localAddress };
};

/** A connection whose handshake is done, and whose certificate is as `trust` wants it. */
export const connected = (place: Place, trust: ConnectionOptions): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const { localAddress, ...to } = place;
    // SNI has names only.
    const servername = isIP(place.host) === 0 ? place.host : '';
    const from = localAddress === undefined ? {} : { localAddress };
    const socket = connect({ ...to, ...from, servername, minVersion: 'TLSv1.3', ...trust });
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

export type ServerQuestion = {
  /** Certificate of the authority. */
  readonly authority: string;
  readonly path: string;
  /** JSON. */
  readonly body: string;
  /** Who asks, where that matters. */
  readonly own?: KeyPair;
  readonly signal?: AbortSignal;
};

/**
 * The text of the answer. Rejects with the error that the server told, with `AUTHORITY_MISMATCH` and `UNREACHABLE` before anything
 * was said, and with `NO_ANSWER` when it may have been done.
 */
export const askServer = async (place: Place, question: ServerQuestion): Promise<string> => {
  const { authority, path, body, own, signal } = question;
  // Connected first, and then written to: J4.
  const socket = await connected(place, {
    ca: authority,
    ...(own === undefined ? {} : { key: own.key, cert: own.certificate }),
    checkServerIdentity: (_host, { raw }) => (speaksForServer(raw) ? undefined : notOfServer),
  });
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(noAnswer(place, cause));
    const request = httpRequest({
      method: 'POST',
      path,
      headers: { host: 'tutti', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      createConnection: () => socket,
      ...(signal === undefined ? {} : { signal }),
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
    if (Object.hasOwn(summaries, error.code) && typeof error.message === 'string')
      return new TuttiError(error.code, error.message, { details: error.details });
  } catch {
    // Not told in our words.
  }
  return new TuttiError(
    'PROTOCOL_INVALID',
    `${place.host}:${place.port} is of the cluster, but no machine can join there: use the address that was printed with the token.`,
  );
};

export const mismatch = ({ host, port }: Place, what: string): TuttiError =>
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
