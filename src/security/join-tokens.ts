/**
 * The tokens that were handed out, as the machine that did so remembers them: never the token, only a hash of its secret.
 *
 * K1  A token works for one key: that it was used, and by which key, is on disk before anything is granted. The same key may come
 *     again until the token expires, because an answer can be lost; it gets nothing that it did not have.
 * K2  Every stored hash is compared, each in constant time.
 * K3  Nothing marks a token as used but a request that is granted.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Clock, Random } from '../platform/env.ts';
import { uriOf } from './identity.ts';
import { readJoinToken, secretBytes, writeJoinToken } from './join-token.ts';
import type { PrivateFolder } from './private-folder.ts';

/** What who joins with a token may become. */
export type JoinGrant = {
  /** The app whose node it may be. */
  readonly app: string;
  /** Whether it may run servers of the cluster as well. */
  readonly server: boolean;
  /** Addresses and names of hosts that are its own, beside the address that it comes from. */
  readonly hosts: readonly string[];
};

export type TokenRecord = JoinGrant & {
  /** SHA-256 of the secret, hexadecimal. */
  readonly hash: string;
  readonly expiresMs: number;
  readonly used?: {
    /** SHA-256 of the keys of who joined, hexadecimal. */
    readonly key: string;
    readonly name: string;
    readonly atMs: number;
  };
};

/** Where they are kept. `write` returns when they are on disk. */
export type TokenStore = {
  read(): readonly TokenRecord[];
  write(records: readonly TokenRecord[]): void;
};

export type JoinTokensOptions = {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly random: Random;
  /** SHA-256 of the authority's certificate. */
  readonly authority: Uint8Array;
};

export type RedeemedToken = { readonly grant: JoinGrant; readonly again: boolean; accept(): void };

export class JoinTokens {
  readonly #options: JoinTokensOptions;

  constructor(options: JoinTokensOptions) {
    this.#options = options;
  }

  /** A new token. Throws `OPTION_INVALID` for a life that is too long or no name of an app, `OVERLOADED` if there are too many. */
  issue(grant: JoinGrant, lifeMs: number = limits.joinTokenMs): string {
    const { store, clock, random, authority } = this.#options;
    if (!(lifeMs > 0 && lifeMs <= limits.joinTokenMsMax))
      throw new TuttiError('OPTION_INVALID', `A token lives for up to ${limits.joinTokenMsMax / 3_600_000} hours.`, {
        details: { option: 'expires' },
      });
    const now = clock.now();
    const kept = store.read().filter(({ expiresMs }) => expiresMs + limits.joinTokenKeptMs > now);
    if (kept.length >= limits.joinTokensMax)
      throw new TuttiError(
        'OVERLOADED',
        `There are ${kept.length} tokens that have not been forgotten yet, as many as there may be. The oldest will be on ${new Date(Math.min(...kept.map(({ expiresMs }) => expiresMs)) + limits.joinTokenKeptMs).toISOString()}.`,
        { details: { retryMs: 3_600_000 } },
      );
    const secret = random.bytes(secretBytes);
    const { app, server, hosts } = grant;
    uriOf({ kind: 'node', app, name: 'any' });
    store.write([...kept, { hash: hashOf(secret).toString('hex'), app, server, hosts, expiresMs: now + lifeMs }]);
    return writeJoinToken({ secret, authority });
  }

  /**
   * What a token grants to a machine of this name, with this key (SHA-256, hexadecimal). `accept` marks it as used; until then
   * nothing is changed. `again`: it has been, by this very machine. Throws `JOIN_TOKEN_MISTYPED`, `JOIN_TOKEN_WRONG`,
   * `JOIN_TOKEN_EXPIRED`, `JOIN_TOKEN_USED`.
   */
  redeem(text: string, name: string, key: string): RedeemedToken {
    const { store, clock } = this.#options;
    const { secret } = readJoinToken(text);
    const records = store.read();
    const record = find(records, secret);
    if (record === undefined)
      throw new TuttiError(
        'JOIN_TOKEN_WRONG',
        'This cluster has handed out no such token, or long ago. Look whether the address is that of the cluster, or make a new one there: tutti token',
      );
    const now = clock.now();
    if (now >= record.expiresMs)
      throw new TuttiError(
        'JOIN_TOKEN_EXPIRED',
        `The token was good until ${new Date(record.expiresMs).toISOString()}. Make a new one on a machine of the cluster: tutti token`,
        { details: { expired: record.expiresMs } },
      );
    const { used } = record;
    if (used !== undefined && !(used.key === key && used.name === name))
      throw new TuttiError(
        'JOIN_TOKEN_USED',
        `The token was used on ${new Date(used.atMs).toISOString()} by ${used.name}, and works once. Make a new one on a machine of the cluster: tutti token. If that was none of yours, somebody else has the token: take ${used.name} out of the cluster.`,
        { details: { by: used.name, at: used.atMs } },
      );
    return {
      grant: record,
      again: used !== undefined,
      accept: () => {
        if (used !== undefined) return;
        const marked = { ...record, used: { key, name, atMs: now } };
        store.write(records.map((one) => (one === record ? marked : one)));
      },
    };
  }
}

const hashOf = (secret: Uint8Array): Buffer => createHash('sha256').update(secret).digest();

/** K2. */
const find = (records: readonly TokenRecord[], secret: Uint8Array): TokenRecord | undefined => {
  const hash = hashOf(secret);
  let found: TokenRecord | undefined;
  for (const record of records) if (timingSafeEqual(hash, Buffer.from(record.hash, 'hex'))) found = record;
  return found;
};

const fileName = 'tokens.json';
/** History: format 1, the first. */
const formatVersion = 1;

/** Tokens in a file of the folder of secrets. Throws `DATA_FORMAT` for one that is not as this version writes it. */
export const fileTokenStore = (folder: PrivateFolder): TokenStore => ({
  read() {
    const text = folder.read(fileName);
    if (text === undefined) return [];
    try {
      const { format, tokens } = JSON.parse(text) as { readonly format: unknown; readonly tokens: unknown };
      if (format === formatVersion && Array.isArray(tokens) && tokens.every(isRecord)) return tokens;
    } catch {
      // Told below.
    }
    throw new TuttiError(
      'DATA_FORMAT',
      `The file ${fileName} in ${folder.path} is not one that this version of Tutti wrote. Moved away, all tokens are void, and new ones can be made.`,
      { details: { folder: folder.path, known: formatVersion } },
    );
  },
  write: (tokens) => folder.write(fileName, `${JSON.stringify({ format: formatVersion, tokens })}\n`),
});

const isRecord = (value: unknown): value is TokenRecord => {
  const { hash, app, server, hosts, expiresMs, used } = (value ?? {}) as Partial<Record<keyof TokenRecord, unknown>>;
  const { key, name, atMs } = (used ?? { key: '', name: '', atMs: 0 }) as Record<string, unknown>;
  return (
    /^[0-9a-f]{64}$/.test(String(hash)) &&
    typeof app === 'string' &&
    typeof server === 'boolean' &&
    Array.isArray(hosts) &&
    [...hosts, key, name].every((text) => typeof text === 'string') &&
    typeof expiresMs === 'number' &&
    typeof atMs === 'number'
  );
};
