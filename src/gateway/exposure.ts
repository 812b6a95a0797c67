/**
 * Where a gateway is to be reached, and what protects it there. Checked before anything is opened, so that what is refused has changed
 * nothing.
 */
import { createSecureContext } from 'node:tls';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { Access, isLoopbackAddress } from './access.ts';

export type Exposure = {
  /** An address or name to listen at. Default: 127.0.0.1. */
  readonly host?: string;
  /** Certificate (with the chain) and key, in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** What every request must name; at least `limits.gatewayTokenCharsMin` characters. */
  readonly token?: string;
  /** Origins of web pages, besides its own, that may use it: `https://shop.example`. */
  readonly allowOrigins?: readonly string[];
};

export const hostDefault = '127.0.0.1';

/** Who may talk to a gateway that is exposed so. Throws `ADDRESS_UNPROTECTED` and `OPTION_INVALID`. */
export const accessAt = ({ host = hostDefault, tls, token, allowOrigins = [] }: Exposure): Access => {
  const loopback = isLoopbackAddress(host);
  if (token !== undefined && (token.length < limits.gatewayTokenCharsMin || !/^[\x21-\x7e]+$/.test(token)))
    throw new TuttiError(
      'OPTION_INVALID',
      `The token must have ${limits.gatewayTokenCharsMin} characters or more, of printable ASCII without spaces. One way to make one: openssl rand -base64 24`,
      { details: { option: 'token' } },
    );
  if (!loopback && (token === undefined || tls === undefined)) {
    const missing = [tls === undefined ? 'TLS (a certificate and its key)' : '', token === undefined ? 'a token' : ''];
    throw new TuttiError(
      'ADDRESS_UNPROTECTED',
      `Other machines reach ${host}: there the gateway needs ${missing.filter((text) => text !== '').join(' and ')}. Give what is missing, or listen at ${hostDefault}.`,
      { details: { host } },
    );
  }
  if (tls !== undefined) checkCertificate(tls);
  return new Access({ token, allowOrigins, loopback, secure: tls !== undefined });
};

const checkCertificate = ({ cert, key }: { readonly cert: string; readonly key: string }): void => {
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new TuttiError(
      'OPTION_INVALID',
      `The certificate or its key cannot be used: ${(cause as Error).message}. Both are PEM text, and belong together.`,
      { details: { option: 'tls' }, cause },
    );
  }
};
