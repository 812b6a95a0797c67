/**
 * A gateway on a port: HTTP and the upgrade to WebSockets, over TLS where it has a certificate.
 *
 * - V1 At an address that other machines reach it does not start without TLS and a token (`exposure.ts`).
 * - V2 Every connection is bounded: in number, in the size and time of headers and bodies, in requests under way, and in how long
 *   nothing moves on it.
 * - V3 Closing takes no new connections, lets what is under way end within `limits.gatewayCloseMs`, and then cuts.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { getRequestListener, type Http2Bindings, type HttpBindings, RequestError } from '@hono/node-server';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { nodeEnv } from '../platform/node.ts';
import type { Access } from './access.ts';
import type { Backend } from './backend.ts';
import { ConnectionBound } from './connection-bound.ts';
import { accessAt, type Exposure, hostDefault } from './exposure.ts';
import { Gateway } from './gateway.ts';
import { headersOf, problemOf, problemResponse } from './problem.ts';
import { TextSender } from './send-text.ts';
import { StaticFiles } from './static-files.ts';
import { TextResponse } from './text-response.ts';
import { WebSocketGateway } from './websocket.ts';

export type ListenOptions = Exposure & {
  /** 0 takes any that is free. */
  readonly port: number;
  /** The folder of the page's files, shown at `/`. Default: the one of this package. */
  readonly page?: string;
  /** How long the headers of a request may take to come. Default: `limits.gatewayHeadersMs`. */
  readonly headersMs?: number;
  /** How many connections there may be. Default: `limits.gatewayConnectionsMax`. */
  readonly connectionsMax?: number;
  /** How many of them clients may have. Default: `limits.clientConnectionsMax`. */
  readonly clientConnectionsMax?: number;
  /** Told of what should not happen. */
  readonly report: (error: unknown) => void;
};

export type GatewayServer = {
  /** Where it can be reached, without a slash at the end: `http://127.0.0.1:8484`. */
  readonly url: string;
  readonly port: number;
  /** Requests under way, streams of events among them. */
  readonly inFlight: number;
  /** Another certificate and key, for connections from now on. Without effect where there was none. */
  renewTls(tls: { readonly cert: string; readonly key: string }): void;
  /** Settles when nothing is under way any more. The backend goes on. */
  close(): Promise<void>;
};

/** Listens. Rejects with `ADDRESS_UNPROTECTED`, `ADDRESS_IN_USE` and `OPTION_INVALID`. */
export const listen = async (backend: Backend, options: ListenOptions): Promise<GatewayServer> => {
  const { host = hostDefault, port, tls, page = ownPage, report } = options;
  const { connectionsMax = limits.gatewayConnectionsMax, clientConnectionsMax = limits.clientConnectionsMax } = options;
  const access = accessAt(options);
  const gateway = new Gateway(backend, {
    access,
    report,
    files: new StaticFiles(page),
  });
  const bound = new ConnectionBound(connectionsMax);
  const server = serverFor(gateway, bound, options);
  server.maxConnections = connectionsMax + limits.gatewayConnectionsToldMax;
  const address = await listening(server, host, port);
  const sockets = new WebSocketGateway({ backend, env: nodeEnv(), connectionsMax: clientConnectionsMax });
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    socket.on('error', () => socket.destroy());
    const refusal = bound.refusal(socket);
    if (refusal === undefined) upgrade(request, socket, head, access, sockets, report);
    else refuse(socket, undefined, refusal, report);
  });
  server.on('error', report);
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${urlHost(host)}:${address.port}`,
    port: address.port,
    get inFlight() {
      return gateway.inFlight;
    },
    renewTls: (renewed) => {
      if (server instanceof TlsServer) server.setSecureContext(renewed);
    },
    close: () => close(server, gateway, sockets, upgraded),
  };
};

const ownPage = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));

const serverFor = (gateway: Gateway, bound: ConnectionBound, options: ListenOptions): Server => {
  const { tls, headersMs = limits.gatewayHeadersMs, report } = options;
  const texts = new TextSender(report);
  const answer = async (request: Request, ends: HttpBindings | Http2Bindings): Promise<Response> => {
    const response = await gateway.fetch(request, ends);
    return response instanceof TextResponse ? texts.send(response, ends.outgoing as ServerResponse) : response;
  };
  const listener = getRequestListener(answer, {
    // The process belongs to the user: its Request and Response stay as they are.
    overrideGlobalObjects: false,
    hostname: 'localhost',
    errorHandler: (error) => problemResponse(error instanceof RequestError ? malformed(error) : error, report),
  });
  const settings = {
    headersTimeout: headersMs,
    requestTimeout: limits.gatewayRequestMs,
    maxHeaderSize: limits.gatewayHeaderBytesMax,
    keepAliveTimeout: limits.gatewayKeepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, headersMs),
    keepAlive: true,
    noDelay: true,
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const refusal = bound.refusal(request.socket);
    if (refusal === undefined) listener(request, response).catch(report);
    else refuse(request.socket, undefined, refusal, report);
  };
  const server =
    tls === undefined ? createServer(settings, take) : createTlsServer({ ...settings, ...tlsSettings, ...tls }, take);
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => bound.take(socket));
  server.timeout = limits.gatewayIdleMs;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else refuse(socket, statusOfClientError[error.code ?? ''] ?? 400, malformed(error), report);
  });
  return server;
};

const tlsSettings = { minVersion: 'TLSv1.2', handshakeTimeout: limits.gatewayHeadersMs } as const;

const statusOfClientError: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const malformed = (cause: unknown): TuttiError =>
  new TuttiError('PROTOCOL_INVALID', 'That is no request that HTTP/1.1 knows.', { cause });

const upgrade = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  access: Access,
  sockets: WebSocketGateway,
  report: (error: unknown) => void,
): void => {
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  try {
    access.checkSource(header);
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== sockets.path) throw new TuttiError('ROUTE_UNKNOWN', `No WebSocket is taken at ${path}.`);
    sockets.take(request, socket, head, access.admits(header), access);
  } catch (error) {
    refuse(socket, undefined, error, report);
  }
};

/**
 * Answers a request that never came to the handler, and ends its connection: after a moment, also if the other side does not. At once
 * would take the answer back that is on its way, where more has come than was read.
 */
const refuse = (socket: Duplex, status: number | undefined, error: unknown, report: (error: unknown) => void): void => {
  const problem = problemOf(error, report);
  const told = { ...problem, status: status ?? problem.status };
  const body = JSON.stringify(told);
  const headers = Object.entries({
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    ...headersOf(problem, error),
    connection: 'close',
  });
  socket.end(
    `HTTP/1.1 ${told.status} ${problem.code}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
  const cut = setTimeout(() => socket.destroy(), limits.gatewayLingerMs);
  socket.once('close', () => clearTimeout(cut));
};

const listening = (server: Server, host: string, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve(server.address() as AddressInfo);
    });
  });

const listenError = (cause: NodeJS.ErrnoException, host: string, port: number): Error => {
  if (isTuttiError(cause)) return cause;
  if (cause.code === 'EADDRINUSE')
    return new TuttiError(
      'ADDRESS_IN_USE',
      `Another process listens at ${urlHost(host)}:${port}: choose another port.`,
      {
        details: { host, port },
        cause,
      },
    );
  const remedy =
    cause.code === 'EACCES'
      ? 'ports below 1024 need rights; choose a higher one'
      : 'the host must be an address or a name of this machine, the port a number from 0 to 65535';
  return new TuttiError('OPTION_INVALID', `Cannot listen at ${urlHost(host)}:${port}: ${remedy} (${cause.message}).`, {
    details: { option: cause.code === 'EACCES' ? 'port' : 'host' },
    cause,
  });
};

const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

const close = async (
  server: Server,
  gateway: Gateway,
  sockets: WebSocketGateway,
  upgraded: ReadonlySet<Duplex>,
): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  gateway.close();
  const cut = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  }, limits.gatewayCloseMs);
  // A connection that is kept alive is idle again as soon as its answer has gone.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  await Promise.all([closed, sockets.close()]);
  clearTimeout(cut);
  clearInterval(sweep);
};
