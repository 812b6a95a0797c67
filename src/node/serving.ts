/** A node's gateway: mounted in a server of the user's, or on ports of its own. What it needs is loaded with the first use. */
import { TuttiError } from '../errors/tutti-error.ts';
import type { Gateway, MountContext } from '../gateway/gateway.ts';
import { limits } from '../limits.ts';
import { createLog, eventSink } from '../observe/log.ts';
import type { EventSink } from '../platform/env.ts';
import type { NodeBackend } from './backend.ts';

/** Where a node serves clients. What is left out is the default. */
export type ServeOptions = {
  /** An address or name to listen at. Default: 127.0.0.1. At any other, TLS and a token are needed. */
  readonly host?: string;
  /** Default: 8484; 0 takes any that is free. */
  readonly port?: number;
  /** Certificate (with its chain) and key, as PEM text. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** What every request must name. */
  readonly token?: string;
  /** Origins of web pages, besides its own, that may use it: `https://shop.example`. */
  readonly allowOrigins?: readonly string[];
};

/** A node's gateway on a port: HTTP, WebSockets for clients, and the page. */
export interface Serving {
  /** Where it can be reached, without a slash at the end: `http://127.0.0.1:8484`. */
  readonly url: string;
  readonly port: number;
  /** Another certificate and key, for connections from now on; those that stand stay. */
  renewTls(tls: { readonly cert: string; readonly key: string }): void;
  /** Takes nothing new, lets what is under way end within a bound, and then cuts. The node goes on. */
  close(): Promise<void>;
}

export class NodeServing {
  readonly #backend: () => Promise<NodeBackend>;
  readonly #report: (error: unknown) => void;
  readonly #open = new Set<Serving>();
  #gateway: Promise<Gateway> | undefined;
  #closed = false;

  constructor(backend: () => Promise<NodeBackend>, logLevel: string) {
    this.#backend = backend;
    let events: EventSink | undefined;
    this.#report = (error) => {
      events ??= eventSink(createLog(logLevel));
      events.emit('gateway.failed', { error: error instanceof Error ? error.stack : String(error) });
    };
  }

  async fetch(request: Request, context?: MountContext): Promise<Response> {
    this.#gateway ??= this.#openGateway();
    try {
      return await (await this.#gateway).fetch(request, context);
    } catch (error) {
      this.#gateway = undefined;
      const { problemResponse } = await import('../gateway/problem.ts');
      return problemResponse(error, this.#report);
    }
  }

  async serve({ port = limits.gatewayPortDefault, ...options }: ServeOptions): Promise<Serving> {
    const [{ listen }, backend] = await Promise.all([import('../gateway/server.ts'), this.#backend()]);
    this.#checkOpen();
    const server = await listen(backend, { ...options, port, report: this.#report });
    const serving: Serving = {
      url: server.url,
      port: server.port,
      renewTls: (tls) => server.renewTls(tls),
      close: async () => {
        await server.close();
        this.#open.delete(serving);
      },
    };
    this.#open.add(serving);
    return serving;
  }

  /** Ends all of it, the requests under way within a bound. */
  async close(): Promise<void> {
    this.#closed = true;
    const gateway = await this.#gateway?.catch(() => undefined);
    gateway?.close();
    await Promise.all([...this.#open].map((serving) => serving.close()));
  }

  async #openGateway(): Promise<Gateway> {
    const [{ Gateway }, backend] = await Promise.all([import('../gateway/gateway.ts'), this.#backend()]);
    this.#checkOpen();
    return new Gateway(backend, { report: this.#report });
  }

  #checkOpen(): void {
    if (this.#closed) throw new TuttiError('CLOSED', 'The node was closed.');
  }
}
