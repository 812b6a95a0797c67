/**
 * The side of the cluster when a machine joins.
 *
 * J1  A request is checked whole before its token is marked as used: one that is refused costs no token.
 * J2  The token is marked, on disk, before the machine is a member, and it is a member before it is answered. Who loses the answer
 *     asks again, with the same keys.
 * J3  Nothing that was said is repeated in errors but names.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { type Authority, signRequest } from './authority.ts';
import { keyFingerprint, readRequest } from './certificate.ts';
import {
  type ClusterFacts,
  type JoinAnswer,
  type JoinOffers,
  joinPath,
  joinVersion,
  readJoinRequest,
} from './join-protocol.ts';
import type { JoinTokens } from './join-tokens.ts';

export type NewMember = {
  readonly name: string;
  readonly app: string;
  readonly server: boolean;
  /** SHA-256 of the public key of its server, hexadecimal. */
  readonly serverKey?: string;
  readonly offers: JoinOffers;
  /** The address that it came from. */
  readonly address: string;
};

export type JoinPorts = {
  readonly authority: Authority;
  readonly tokens: JoinTokens;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether the machine of this name is to run one of the cluster's servers; if not said, each may that asks to. */
  readonly wantsServer?: (name: string) => boolean;
  /** Whether a machine of this name is a member. */
  readonly isMember: (name: string) => boolean;
  /** Takes it in: from then on NATS servers know it. Called again if it asks again. */
  readonly admit: (member: NewMember) => Promise<void>;
  /**
   * For one that is to take the place of another, which is gone for good: looks whether that can be, and settles with what takes it in.
   * Missing: nobody is replaced here.
   */
  readonly replacing?: (replaces: string, name: string) => Promise<JoinPorts['admit']>;
  /** What the cluster is, with those who were admitted. */
  readonly facts: () => ClusterFacts;
};

/** Answers one request to join, from `address`; not two at a time. Rejects with the error to be told. */
export const handleJoin = async (body: string, address: string, ports: JoinPorts): Promise<JoinAnswer> => {
  const { authority, tokens, now, isMember, facts, wantsServer } = ports;
  const { token, name, node, server: offered, offers, replaces } = readJoinRequest(body);
  const requests = offered === undefined ? [node] : [node, offered];
  const keys = requests.map((request) => keyFingerprint(readRequest(request).publicKey));
  const redeemed = tokens.redeem(token, name, createHash('sha256').update(keys.join(' ')).digest('hex'));
  const { app, server: mayServe, hosts } = redeemed.grant;
  const wants = replaces !== undefined || wantsServer?.(name);
  if (offered === undefined && wants === true)
    throw new TuttiError(
      'JOIN_REFUSED',
      replaces === undefined
        ? 'The cluster does not have all of its NATS servers yet, and this machine brings none: one that has nats-server must join first.'
        : `The place of ${replaces} is that of a NATS server, and this machine brings none.`,
      { details: { lacks: 'server' } },
    );
  const server = wants === false ? undefined : offered;
  if (server !== undefined && !mayServe)
    throw new TuttiError(
      'JOIN_REFUSED',
      'The token lets a machine run a node, and no server of the cluster: make one that does where the cluster began, or join with --nats.',
    );
  if (!redeemed.again && isMember(name))
    throw new TuttiError(
      'JOIN_REFUSED',
      `A machine named ${name} is in the cluster already: give this one another name with --name.`,
      { details: { name } },
    );
  const admit = replaces === undefined ? ports.admit : await replacing(replaces, name, ports);
  const own = [...hosts, address];
  const certificates = {
    node: signRequest(authority, node, { identity: { kind: 'node', app, name }, hosts: own }, now()),
    ...(server === undefined
      ? {}
      : { server: signRequest(authority, server, { identity: { kind: 'server', name }, hosts: own }, now()) }),
  };
  redeemed.accept();
  const serverKey = server === undefined ? {} : { serverKey: keyFingerprint(readRequest(server).publicKey) };
  await admit({ name, app, server: server !== undefined, ...serverKey, offers, address });
  return { ...facts(), version: joinVersion, app, authority: authority.certificate, ...certificates };
};

const replacing = (replaces: string, name: string, ports: JoinPorts): Promise<JoinPorts['admit']> => {
  if (ports.replacing !== undefined) return ports.replacing(replaces, name);
  throw new TuttiError('JOIN_REFUSED', 'No machine is replaced in this cluster.');
};

/**
 * For a server of `node:https` that speaks with the certificate of a server: answers `POST /v1/join`, and nothing else. One machine
 * is taken in after the other, so that of two which come with one name at once the second is refused. Times are bounded by the
 * server that it is given to.
 */
export const joinListener = (ports: JoinPorts, report: (error: unknown) => void) => {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (body: string, address: string): Promise<JoinAnswer> => {
    const answer = last.then(() => handleJoin(body, address, ports));
    last = answer.catch(() => {});
    return answer;
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    const answer = async (): Promise<void> => {
      try {
        if (request.method !== 'POST' || request.url !== joinPath)
          throw new TuttiError('ROUTE_UNKNOWN', `Machines join with POST ${joinPath}.`);
        const address = request.socket.remoteAddress ?? '';
        send(response, 200, await inTurn(await bodyOf(request), address));
      } catch (error) {
        if (!isTuttiError(error)) report(error);
        const { code, message, details } = isTuttiError(error)
          ? error
          : new TuttiError('INVARIANT', 'The cluster failed to take the machine in. Its log says why.');
        send(response, code === 'INVARIANT' ? 500 : 403, { error: { code, message, details } });
      }
    };
    answer().catch(report);
  };
};

/** Answers with JSON, and ends the connection. */
export const send = (response: ServerResponse, status: number, value: object): void => {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(value));
};

/** Rejects with `VALUE_TOO_LARGE`. */
export const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > limits.joinBodyBytesMax)
      throw new TuttiError('VALUE_TOO_LARGE', `A request to join has up to ${limits.joinBodyBytesMax} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};
