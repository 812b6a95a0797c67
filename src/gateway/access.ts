/**
 * Who may talk to a gateway: the token, the host name, and the origin of web pages. Asked by HTTP requests and by WebSocket
 * upgrades alike.
 *
 * A1  Tokens are compared in constant time, as hashes, so that neither content nor length shows in how long it takes.
 * A2  A browser never holds the token: it trades it once (`POST /v1/session`) for a cookie that scripts cannot read and other
 *     sites cannot make it send. The cookie is derived from the token, so it outlives a restart and ends with the token.
 * A3  A page of another origin reaches nothing, not even what answers it could not read, unless its origin is allowed.
 * A4  At a loopback address only its own names are served: what a foreign name resolves to proves nothing.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { TuttiError } from '../errors/tutti-error.ts';

export type AccessOptions = {
  /** What every request must name; undefined: nothing is asked. */
  readonly token: string | undefined;
  /** Origins of web pages besides its own, as browsers write them: `https://shop.example`. */
  readonly allowOrigins: readonly string[];
  /** It listens at a loopback address. */
  readonly loopback: boolean;
  /** It speaks TLS. */
  readonly secure: boolean;
};

/** A header by its name in lower case, of any kind of request; undefined or null where there is none. */
export type HeaderReader = (name: string) => string | null | undefined;

const cookieName = 'tutti_session';

export class Access {
  readonly #tokenHash: Buffer | undefined;
  readonly #session: string | undefined;
  readonly #origins: ReadonlySet<string>;
  readonly #originHosts: ReadonlySet<string>;
  readonly #options: AccessOptions;

  /** Throws `OPTION_INVALID` for what is no origin. */
  constructor(options: AccessOptions) {
    const origins = options.allowOrigins.map(checkedOrigin);
    this.#options = options;
    this.#tokenHash = options.token === undefined ? undefined : sha256(options.token);
    this.#session =
      options.token === undefined
        ? undefined
        : createHmac('sha256', options.token).update('tutti session 1').digest('base64url');
    this.#origins = new Set(origins);
    this.#originHosts = new Set(origins.map((origin) => new URL(origin).host));
  }

  /** Throws `HOST_REFUSED` and `ORIGIN_REFUSED`: what must hold before anything else is looked at. */
  checkSource(header: HeaderReader): void {
    const host = header('host')?.toLowerCase();
    if (this.#options.loopback && (host === undefined || !(isLoopbackHost(host) || this.#originHosts.has(host))))
      throw new TuttiError(
        'HOST_REFUSED',
        `This gateway is for programs of the same machine and not for the host ${JSON.stringify(host)}: use localhost or 127.0.0.1, or allow its origin.`,
        { details: { host } },
      );
    const origin = header('origin');
    if (origin === undefined || origin === null) return;
    const own = `${this.#options.secure ? 'https' : 'http'}://${host}`;
    if (origin !== own && !this.#origins.has(origin))
      throw new TuttiError(
        'ORIGIN_REFUSED',
        `Pages of ${origin} may not use this gateway: allow that origin if they are to.`,
        { details: { origin } },
      );
  }

  get asksForToken(): boolean {
    return this.#tokenHash !== undefined;
  }

  /** Whether the request names the token (as `Authorization: Bearer`), or has the cookie of one that did; true if none is asked. */
  admits(header: HeaderReader): boolean {
    if (this.#tokenHash === undefined) return true;
    const authorization = header('authorization');
    if (typeof authorization === 'string') return this.tokenMatches(/^bearer +(\S+) *$/i.exec(authorization)?.[1]);
    const session = sessionOf(header('cookie') ?? '');
    return session !== undefined && timingSafeEqual(sha256(session), sha256(this.#session as string));
  }

  /** Throws `UNAUTHORIZED` unless `admits`. */
  checkToken(header: HeaderReader): void {
    if (this.admits(header)) return;
    const given = header('authorization') ?? header('cookie') ?? undefined;
    throw new TuttiError(
      'UNAUTHORIZED',
      given === undefined
        ? 'This gateway asks for a token: send it as Authorization: Bearer <token>.'
        : 'That is not the token of this gateway. It is sent as Authorization: Bearer <token>.',
    );
  }

  /** Whether this is the token; true if none is asked. */
  tokenMatches(token: string | null | undefined): boolean {
    if (this.#tokenHash === undefined) return true;
    return typeof token === 'string' && timingSafeEqual(sha256(token), this.#tokenHash);
  }

  /** The `Set-Cookie` header that lets a browser in, or (`end`) out again; undefined where no token is asked for. */
  sessionCookie(end: boolean): string | undefined {
    if (this.#session === undefined) return undefined;
    const value = end ? '; Max-Age=0' : `${this.#session}; Max-Age=${400 * 24 * 3600}`;
    return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict${this.#options.secure ? '; Secure' : ''}`;
  }

  /** The origin to be named in CORS headers: that of the request, if it is a foreign one that is allowed. */
  corsOrigin(header: HeaderReader): string | undefined {
    const origin = header('origin');
    return typeof origin === 'string' && this.#origins.has(origin) ? origin : undefined;
  }
}

/** Whether an address or name to listen at is of this machine alone. */
export const isLoopbackAddress = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** Whether a `Host` header, in lower case and with or without a port, is a name that only this machine can have. */
const isLoopbackHost = (host: string): boolean => {
  const name = /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d{1,5})?$/.exec(host)?.[1];
  if (name === undefined) return false;
  return name === '[::1]' || name.endsWith('.localhost') || isLoopbackAddress(name);
};

const sessionOf = (cookies: string): string | undefined => {
  for (const cookie of cookies.split(';')) {
    const [name, value] = cookie.trim().split('=', 2);
    if (name === cookieName) return value;
  }
  return undefined;
};

const checkedOrigin = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.origin !== 'null' && (text === url.origin || text === `${url.origin}/`))
    return url.origin;
  throw new TuttiError(
    'OPTION_INVALID',
    `The option allowOrigins has ${JSON.stringify(text)}, which is no origin: write scheme, host and (where it is not the usual one) port, such as https://shop.example.`,
    { details: { option: 'allowOrigins' } },
  );
};

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
