/**
 * Where machines join, and where members ask: HTTPS on the machine that began the cluster, with its certificate as a server.
 *
 * O1  Without a certificate of the cluster one can join, with a token, and nothing else.
 * O2  A certificate is good for as long as the roster names who it is for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { readCertificate } from '../security/certificate.ts';
import { identityOf } from '../security/identity.ts';
import { bodyOf, type JoinPorts, joinListener, send } from '../security/join-handler.ts';
import { joinPath } from '../security/join-protocol.ts';
import type { KeyPairFile } from '../security/key-pair-file.ts';
import { answerMember, memberPath } from './member-requests.ts';
import type { Registrar } from './registrar.ts';
import { machineIn } from './roster.ts';

export type DoorOptions = {
  readonly host: string;
  readonly port: number;
  readonly pair: KeyPairFile;
  readonly join: JoinPorts;
  readonly registrar: Registrar;
  readonly report: (error: unknown) => void;
};

export class Door {
  readonly #server: Server;
  readonly #options: DoorOptions;
  /** Those whose handshake is under way as well, which the server itself does not know yet. */
  readonly #sockets = new Set<Socket>();

  private constructor(options: DoorOptions) {
    this.#options = options;
    const { pair, join, report } = options;
    const joining = joinListener(join, report);
    const settings = {
      ...contextOf(pair),
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3' as const,
      handshakeTimeout: limits.gatewayHeadersMs,
      headersTimeout: limits.gatewayHeadersMs,
      requestTimeout: limits.joinWaitMs,
    };
    this.#server = createServer(settings, (request, response) => {
      if (request.url?.startsWith(memberPath) === true) this.#member(request, response).catch(report);
      else if (request.url === joinPath) joining(request, response);
      else refuse(response, new TuttiError('ROUTE_UNKNOWN', 'Machines of a cluster join here. Its page is elsewhere.'));
    });
    this.#server.maxConnections = limits.machinesMax * 2;
    this.#server.on('tlsClientError', () => undefined);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Rejects with `ADDRESS_IN_USE`. */
  static async open(options: DoorOptions): Promise<Door> {
    const door = new Door(options);
    const { host, port } = options;
    await new Promise<void>((resolve, reject) => {
      door.#server.once('error', (cause) =>
        reject(
          new TuttiError(
            'ADDRESS_IN_USE',
            `Machines cannot join at ${host}:${port}: ${cause.message}. Free the port; it is that after the one of the gateway.`,
            { details: { host, port }, cause },
          ),
        ),
      );
      door.#server.listen(port, host, resolve);
    });
    door.#server.on('error', options.report);
    return door;
  }

  renewed(pair: KeyPairFile): void {
    this.#server.setSecureContext(contextOf(pair));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #member(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { registrar, report } = this.#options;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const name = memberBehind(request.socket as TLSSocket, registrar);
      const body = await bodyOf(request);
      const what = (request.url as string).slice(memberPath.length);
      send(response, 200, await answerMember(what, body, { name, gone: gone.signal }, registrar));
    } catch (error) {
      if (!isTuttiError(error)) report(error);
      refuse(response, error);
    }
  }
}

const contextOf = ({ key, certificate, authority }: KeyPairFile) => ({
  key,
  cert: certificate + authority,
  ca: authority,
});

const refuse = (response: ServerResponse, error: unknown): void => {
  const { code, message, details } = isTuttiError(error)
    ? error
    : new TuttiError('INVARIANT', 'The machine that began the cluster failed to answer. Its log says why.');
  send(response, code === 'INVARIANT' ? 500 : 403, { error: { code, message, details } });
};

/** O2. Throws `UNAUTHORIZED`. */
const memberBehind = (socket: TLSSocket, { roster }: Registrar): string => {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  const identity = certificate && identityOf(readCertificate(certificate.toString()).uris);
  if (identity?.kind !== 'node' || identity.app !== roster.cluster)
    throw new TuttiError(
      'UNAUTHORIZED',
      'Only members of the cluster may ask this, with the certificate of their node.',
    );
  if (machineIn(roster, identity.name) === undefined)
    throw new TuttiError('UNAUTHORIZED', `${identity.name} is no member of the cluster any more.`, {
      details: { removed: identity.name },
    });
  return identity.name;
};
