/**
 * Which server the connections of a node go to: all to the same one, that of the first connection. A server may be alive and cut off
 * from the others: a node that reached its logs over one server and the other nodes over another would then be half cut off, take
 * all other nodes for dead, and be able to say so.
 */
import type { NatsConnection, ReconnectToServerHandler } from '@nats-io/transport-node';
import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';

export class OneServer {
  readonly #env: Env;
  readonly #connections: NatsConnection[] = [];
  #firstIsUp = false;
  /** Through that one no leader was reached. */
  #left: string | undefined;

  constructor(env: Env) {
    this.#env = env;
  }

  /** One more connection; the first decides, and must be up. */
  add(connection: NatsConnection): void {
    if (this.#connections.length === 0) this.#firstIsUp = true;
    this.#connections.push(connection);
  }

  /**
   * For the client library: which server is dialled next, and after which pause, if it did not answer the last time. The library's own
   * pause compares readings of the clock: once that was set back, no server would be dialled for as long as it was set back.
   */
  readonly next: ReconnectToServerHandler = (pool) => {
    const first = this.#firstIsUp ? this.#connections[0]?.getServer() : undefined;
    const answering = pool.filter(({ reconnects, listen }) => reconnects === 0 && listen !== this.#left);
    const server = answering.find(({ listen }) => listen === first) ?? answering[0] ?? pool[0];
    if (server === undefined || server.reconnects === 0) return server ?? null;
    return { server, delay: (limits.natsReconnectMs * (1 + this.#env.random.fraction())) / pool.length };
  };

  /** A connection broke. */
  down(connection: NatsConnection): void {
    if (connection === this.#connections[0]) this.#firstIsUp = false;
  }

  /** A connection is up again: the others follow the first one, once they have had the time to come back by themselves. */
  up(connection: NatsConnection): void {
    if (connection !== this.#connections[0]) return;
    this.#firstIsUp = true;
    this.#env.timers.after(limits.natsFollowMs, () => {
      if (this.#firstIsUp) this.#move((server) => server !== connection.getServer());
    });
  }

  /** No leader is reached through the server of that connection: all leave it, if there is another. Returns whether there is. */
  leave(connection: NatsConnection, serversKnown: number): boolean {
    if (Math.max(serversKnown, connection.info?.connect_urls?.length ?? 0) < 2) return false;
    const left = connection.getServer();
    this.#left = left;
    this.#firstIsUp &&= this.#connections[0]?.getServer() !== left;
    this.#move((server) => server === left);
    return true;
  }

  #move(isMeant: (server: string) => boolean): void {
    for (const connection of this.#connections)
      if (isMeant(connection.getServer())) void connection.reconnect().catch(() => undefined);
  }
}
