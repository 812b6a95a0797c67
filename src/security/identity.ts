/**
 * Who a certificate speaks for: one machine's servers, or one node of one app. It stands in the certificate as URI names, which
 * is also how NATS knows its users (`nats-access.ts`).
 *
 * ```
 * tutti:server, tutti:server/<machine>   a machine that runs servers of the cluster: routes, the join address, operating it
 * tutti:node/<app>/<node>                a node of an app: what belongs to that app, nothing else
 * ```
 */
import { TuttiError } from '../errors/tutti-error.ts';

export type Identity =
  | { readonly kind: 'server'; readonly name: string }
  | { readonly kind: 'node'; readonly app: string; readonly name: string };

/** What every server's certificate says, and no node's. */
export const serverRole = 'tutti:server';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** Whether this can be the name of a machine, a node or an app: up to 63 of `A–Z a–z 0–9 _ . -`, a letter or digit first. */
export const isIdentityName = (text: unknown): text is string => typeof text === 'string' && namePattern.test(text);

/** The one URI that no other machine or node has. Throws `OPTION_INVALID` for names that cannot be. */
export const uriOf = (identity: Identity): string => {
  for (const name of identity.kind === 'node' ? [identity.app, identity.name] : [identity.name])
    if (!isIdentityName(name))
      throw new TuttiError(
        'OPTION_INVALID',
        `${JSON.stringify(name)} cannot be the name of an app or a machine: use up to 63 of A–Z a–z 0–9 _ . - with a letter or digit first.`,
        { details: { name } },
      );
  return identity.kind === 'server' ? `${serverRole}/${identity.name}` : `tutti:node/${identity.app}/${identity.name}`;
};

/** All URIs in a certificate for it. */
export const urisOf = (identity: Identity): readonly string[] =>
  identity.kind === 'server' ? [serverRole, uriOf(identity)] : [uriOf(identity)];

/** The identity that a certificate with just these URIs speaks for; undefined where they are none of ours. */
export const identityOf = (uris: readonly string[]): Identity | undefined => {
  const own = uris.filter((uri) => uri !== serverRole);
  const [kind, first, second] = own.length === 1 ? (own[0] as string).replace(/^tutti:/, '').split('/') : [];
  let identity: Identity | undefined;
  if (kind === 'server' && isIdentityName(first)) identity = { kind, name: first };
  if (kind === 'node' && isIdentityName(first) && isIdentityName(second)) identity = { kind, app: first, name: second };
  return identity !== undefined && sameTexts(urisOf(identity), uris) ? identity : undefined;
};

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && [...a].sort().join(' ') === [...b].sort().join(' ');
