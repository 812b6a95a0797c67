/**
 * The server side of the WebSocket protocol over the `ws` package: lets connections in, listens for those that are silent, and
 * ends them gently. What a connection does is decided in `connection.ts`.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import { closeCode, connectPath, subprotocol } from '../protocol/wire.ts';
import type { Backend } from './backend.ts';
import { clientAddresses } from './client-addresses.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { HoldBack } from './hold-back.ts';
import { OverviewFeed } from './overview-feed.ts';
import { tooManyConnections } from './refusals.ts';

export type WebSocketGatewayOptions = {
  readonly backend: Backend;
  readonly env: Env;
  /** How many clients may be connected. */
  readonly connectionsMax: number;
};

/** How often a gateway that ends looks whether it may. */
const drainLookMs = 10;
/** How long clients have to say goodbye as well. */
const closeWaitMs = 500;

type Open = { readonly socket: WebSocket; readonly connection: Connection; readonly since: number; heardAt: number };

/** Who knows whether a token is the right one (`access.ts`). */
export type TokenCheck = { tokenMatches(token: string | null): boolean };

export class WebSocketGateway {
  readonly path = connectPath;
  readonly #options: WebSocketGatewayOptions;
  readonly #connectionOptions: Omit<ConnectionOptions, 'allows'>;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.clientFrameBytesMax,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  readonly #open = new Set<Open>();
  readonly #stopAddresses: () => void;
  #cancelLook: (() => void) | undefined;
  #lookedAt = 0;
  #quietUntil = 0;
  #closing = false;

  constructor(options: WebSocketGatewayOptions) {
    this.#options = options;
    this.#connectionOptions = {
      backend: options.backend,
      overloaded: (retryMs) => this.#tellOverloaded(retryMs),
      holdBack: new HoldBack(options.env.timers),
      clock: options.env.clock,
      overview: new OverviewFeed(() => options.backend.overview(), options.env),
    };
    this.#stopAddresses = options.backend.onAddresses(() => {
      const addresses = clientAddresses(options.backend);
      for (const { connection } of this.#open) connection.hint('addresses', addresses);
    });
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#open.size;
  }

  /**
   * Takes the connection of an upgrade request that is for `path` and whose host and origin may come. Where it is not `admitted`
   * yet, its first message must name a token that matches. Throws `NOT_READY` and `OVERLOADED`, and leaves the socket as it is.
   */
  take(request: IncomingMessage, socket: Duplex, head: Buffer, admitted: boolean, tokens: TokenCheck): void {
    const allows = (token: string | null): boolean => admitted || tokens.tokenMatches(token);
    if (this.#closing) throw new TuttiError('NOT_READY', 'The gateway is closing: go to another node, or come back.');
    const { connectionsMax } = this.#options;
    if (this.#open.size >= connectionsMax) throw tooManyConnections(`${connectionsMax} clients are connected`);
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#accept(ws, socket, allows));
  }

  /** All clients pause, not only the one that was refused: each would be, and that costs as much as what it asks for. */
  #tellOverloaded(retryMs: number): void {
    const now = this.#options.env.clock.monotonic();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + retryMs;
    for (const { connection } of this.#open) connection.hint('overloaded', retryMs);
  }

  /**
   * Lets nobody in any more, tells clients to go elsewhere, waits a while for the answers that are under way, and closes. What
   * waits for a task's end and what follows one is taken up by the clients on another connection.
   */
  async close(waitMs: number = limits.drainWaitMs): Promise<void> {
    this.#closing = true;
    this.#stopAddresses();
    for (const { connection } of this.#open) connection.hint('closing', null);
    await this.#until(() => [...this.#open].every(({ connection }) => connection.unanswered === 0), waitMs);
    for (const { connection } of this.#open) connection.close();
    await this.#until(() => this.#open.size === 0, closeWaitMs);
    for (const { socket } of this.#open) socket.terminate();
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  #accept(socket: WebSocket, raw: Duplex, allows: (token: string | null) => boolean): void {
    const { clock } = this.#options.env;
    // What the client takes shows that it is there, also while nothing is read from it.
    const drained = (error?: Error): void => {
      if (error === undefined || error === null) heard();
      connection.drained();
    };
    const connection = new Connection(
      {
        send: (frame) => socket.send(frame, drained),
        close: (code, reason) => {
          socket.close(code, reason.slice(0, 100));
          // The frames of a client that was not read any more, its own close among them.
          socket.resume();
        },
        bufferedBytes: () => socket.bufferedAmount,
        reading: (on) => (on ? socket.resume() : socket.pause()),
        soon: (run) => process.nextTick(run),
      },
      { ...this.#connectionOptions, allows },
    );
    const open: Open = { socket, connection, since: clock.monotonic(), heardAt: clock.monotonic() };
    this.#open.add(open);
    if (this.#cancelLook === undefined) {
      this.#lookedAt = clock.monotonic();
      this.#cancelLook = this.#options.env.timers.after(limits.clientHeartbeatMs, this.#look);
    }
    const heard = (): void => {
      open.heardAt = clock.monotonic();
    };
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) connection.receive(data);
      else connection.close(closeCode.malformed, 'frames are binary');
    });
    // Also the middle of a long frame, and what answers a ping.
    raw.on('data', heard);
    // A frame that breaks the rules of WebSockets: `ws` closes.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      connection.closed();
      this.#open.delete(open);
    });
    boundEarlyBytes(raw, connection);
  }

  /**
   * Once a heartbeat: pings everybody, and ends those who have been silent or have not said who they are. Nobody is judged by a
   * look that comes late itself: this process was kept from hearing what may have come.
   */
  readonly #look = (): void => {
    const now = this.#options.env.clock.monotonic();
    const late = now - this.#lookedAt > limits.clientHeartbeatMs * 1.5;
    this.#lookedAt = now;
    for (const { socket, connection, since, heardAt } of this.#open) {
      const greeted = connection.isOpen || now - since < limits.helloWaitMs;
      if (!late && (!greeted || now - heardAt > limits.clientHeartbeatMs * limits.clientHeartbeatsMissed)) {
        connection.close(closeCode.silent, 'nothing was heard');
        socket.terminate();
      } else socket.ping();
    }
    this.#cancelLook =
      this.#open.size === 0 ? undefined : this.#options.env.timers.after(limits.clientHeartbeatMs, this.#look);
  };

  /** Waits until `done`, at most so long. */
  async #until(done: () => boolean, waitMs: number): Promise<void> {
    const { clock, timers } = this.#options.env;
    const end = clock.monotonic() + waitMs;
    while (!done() && clock.monotonic() < end) await new Promise<void>((resolve) => timers.after(drainLookMs, resolve));
  }
}

/** Until its hello was accepted, a connection may make this process keep but little. */
const boundEarlyBytes = (raw: Duplex, connection: Connection): void => {
  let early = 0;
  const count = (chunk: Buffer): void => {
    early += chunk.length;
    if (connection.isOpen) raw.off('data', count);
    else if (early > limits.helloBytesMax) raw.destroy();
  };
  raw.on('data', count);
};
