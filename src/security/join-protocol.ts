/**
 * What is said when a machine joins: one request over TLS to a server of the cluster (`POST /v1/join`), one answer, both JSON.
 *
 * History: version 1, the first; 2 with `replaces`, which the cluster must understand. Machines that replace none ask in version 1. The
 * answer is that of version 1.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { isIdentityName } from './identity.ts';
import type { NatsMembers } from './nats-access.ts';

export const joinVersion = 1;
export const replaceVersion = 2;
export const joinPath = '/v1/join';

/** What a machine says of itself; texts of up to 200 characters. */
export type JoinOffers = {
  /** Where its NATS server takes routes and clients, and its gateway clients: `host:port`. */
  readonly route?: string;
  readonly client?: string;
  readonly gateway?: string;
  readonly location?: string;
  /** The version of Tutti that it runs. */
  readonly software?: string;
};

export type JoinRequest = {
  readonly version: typeof joinVersion | typeof replaceVersion;
  readonly token: string;
  /** Of the machine and its node. */
  readonly name: string;
  /** Requests for certificates (PEM): as a node of the app, and, if it is to run servers, as one that does. */
  readonly node: string;
  readonly server?: string;
  /** The machine, gone for good, whose place it takes. */
  readonly replaces?: string;
  readonly offers: JoinOffers;
};

/** What who joins needs to know of the cluster. */
export type ClusterFacts = {
  /** The name of the cluster. */
  readonly cluster: string;
  readonly replicas: number;
  readonly partitions: number;
  /** Addresses (`host:port`) of the NATS servers, for other servers and for clients. */
  readonly routes: readonly string[];
  readonly clients: readonly string[];
  /** Whom its own NATS server is to let in. */
  readonly members: NatsMembers;
};

export type JoinAnswer = ClusterFacts & {
  readonly version: typeof joinVersion;
  readonly app: string;
  /** Certificates (PEM): of the authority, and those that were asked for. */
  readonly authority: string;
  readonly node: string;
  readonly server?: string;
};

const offerNames = ['route', 'client', 'gateway', 'location', 'software'] as const;
const offerCharsMax = 200;

/** Reads what came from outside. Throws `JOIN_REFUSED`. */
export const readJoinRequest = (text: string): JoinRequest => {
  const value = parsed(text);
  const { version } = value;
  if (version !== joinVersion && version !== replaceVersion)
    throw refused(
      `it was asked in version ${JSON.stringify(version)} of the exchange, and this cluster speaks versions ${joinVersion} and ${replaceVersion}. Use the same version of Tutti on both machines`,
    );
  const { token, name, node, server, offers = {} } = value;
  if (!isIdentityName(name))
    throw refused('its name is not one: up to 63 of A–Z a–z 0–9 _ . - with a letter or digit first');
  if (!isRequestText(token) || !isRequestText(node) || !(server === undefined || isRequestText(server)))
    throw refused('a token and requests for certificates are texts');
  const replaces = version === replaceVersion ? value['replaces'] : undefined;
  if (version === replaceVersion && !isIdentityName(replaces)) throw refused('it does not say whose place it takes');
  const given: Partial<Record<(typeof offerNames)[number], string>> = {};
  for (const offer of offerNames) {
    const text = isRecord(offers) ? offers[offer] : null;
    if (text === undefined) continue;
    if (typeof text !== 'string' || text.length > offerCharsMax)
      throw refused(`what it says of its ${offer} is no text of up to ${offerCharsMax} characters`);
    given[offer] = text;
  }
  return {
    version,
    token,
    name,
    node,
    ...(server === undefined ? {} : { server }),
    ...(isIdentityName(replaces) ? { replaces } : {}),
    offers: given,
  };
};

/** Reads what a server of the cluster said, whose certificate has been checked. Throws `PROTOCOL_INVALID`. */
export const readJoinAnswer = (text: string): JoinAnswer => {
  const value = isJson(text);
  const texts = ['app', 'authority', 'node', 'cluster'] as const;
  const fits =
    isRecord(value) &&
    value['version'] === joinVersion &&
    texts.every((name) => typeof value[name] === 'string') &&
    [value['replicas'], value['partitions']].every(Number.isSafeInteger) &&
    [value['routes'], value['clients']].every(areTexts) &&
    isRecord(value['members']) &&
    areTexts(value['members']['servers']) &&
    isRecord(value['members']['apps']) &&
    Object.values(value['members']['apps']).every(areTexts);
  if (!fits)
    throw new TuttiError(
      'PROTOCOL_INVALID',
      'The answer of the cluster is not one that this version knows. Use the same version of Tutti on both machines.',
    );
  return value as unknown as JoinAnswer;
};

const parsed = (text: string): Record<string, unknown> => {
  const value = isJson(text);
  if (!isRecord(value)) throw refused('that is no JSON object');
  return value;
};

const isJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const areTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

const isRequestText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= limits.certificateRequestCharsMax;

const refused = (why: string): TuttiError => new TuttiError('JOIN_REFUSED', `The machine is not taken in: ${why}.`);
