/**
 * The gateway: a backend as one `fetch(Request) → Response` handler, for a server of our own (`server.ts`) or a user's. All that
 * it answers comes from the table of routes (`routes.ts`); all that goes wrong becomes a problem (`problem.ts`).
 */
import { Hono } from 'hono';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Access } from './access.ts';
import type { Backend } from './backend.ts';
import { BodyReader } from './body.ts';
import { examine, Health } from './health.ts';
import { InFlight } from './in-flight.ts';
import { openApiText } from './openapi.ts';
import { problemResponse } from './problem.ts';
import { Call, type GatewayParts, type Route } from './route.ts';
import { routes } from './routes.ts';
import type { StaticFiles } from './static-files.ts';

export type GatewayOptions = {
  /** Undefined: whoever hands in requests has looked at who sends them. */
  readonly access?: Access;
  /** The page, at `/`. */
  readonly files?: StaticFiles;
  /** Told of what should not happen. */
  readonly report: (error: unknown) => void;
};

/** What comes with a request: where the gateway is mounted, and (from `@hono/node-server`) the request's ends in Node.js. */
export type MountContext = {
  readonly incoming?: { readonly socket: object };
  readonly outgoing?: { readonly closed: boolean; once(event: 'close', listener: () => void): unknown };
  /** What stands before the gateway's own paths: `/api/tutti`. */
  readonly basePath?: string;
};

export class Gateway {
  readonly #app: Hono<{ Bindings: MountContext }>;
  readonly #parts: GatewayParts;
  readonly #closing = new AbortController();
  readonly #inFlight = new InFlight();

  constructor(backend: Backend, { access, files, report }: GatewayOptions) {
    let description: string | undefined;
    this.#parts = {
      backend,
      bodies: new BodyReader(),
      health: new Health(
        () => examine(backend),
        () => performance.now(),
      ),
      access,
      closing: this.#closing.signal,
      description: () => {
        description ??= openApiText(routes, backend.app);
        return description;
      },
      report,
    };
    this.#app = appOf(this.#parts, files);
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#inFlight.total;
  }

  /** Answers a request. Never rejects. */
  readonly fetch = async (request: Request, context?: MountContext): Promise<Response> => {
    const { access } = this.#parts;
    const header = (name: string): string | null => request.headers.get(name);
    let response: Response;
    try {
      access?.checkSource(header);
      response = isPreflight(request)
        ? new Response(null, { status: 204 })
        : await this.#dispatch(request, context ?? {});
    } catch (error) {
      response = this.#problem(request, error);
    }
    const origin = access?.corsOrigin(header);
    if (origin !== undefined)
      for (const [name, value] of Object.entries(corsHeaders(origin))) response.headers.set(name, value);
    return response;
  };

  /** Ends what waits and what is followed; requests that come later are still answered, with what can be told at once. */
  close(): void {
    this.#closing.abort();
  }

  async #dispatch(request: Request, context: MountContext): Promise<Response> {
    const leave = this.#inFlight.enter(context.incoming?.socket);
    // Who was gone before it came here will not be heard to go.
    const heard = context.outgoing !== undefined && !context.outgoing.closed;
    if (heard) context.outgoing?.once('close', leave);
    try {
      if (request.method !== 'HEAD') return await this.#app.fetch(request, context);
      const response = await this.#app.fetch(new Request(request.url, { headers: request.headers }), context);
      await response.body?.cancel();
      return new Response(null, response);
    } finally {
      if (!heard) leave();
    }
  }

  /** Of a request that nobody waits for any more nothing is told. */
  #problem(request: Request, error: unknown): Response {
    return problemResponse(error, request.signal.aborted ? () => undefined : this.#parts.report);
  }
}

const appOf = (parts: GatewayParts, files: StaticFiles | undefined): Hono<{ Bindings: MountContext }> => {
  const app = new Hono<{ Bindings: MountContext }>({ getPath: (request, options) => pathOf(request, options?.env) });
  for (const route of routes) {
    app.on(route.method, templateOf(route), (context) => {
      const request = context.req.raw;
      if (route.open !== true) parts.access?.checkToken((name) => request.headers.get(name));
      return route.handle(new Call(parts, route, request, context.req.param()));
    });
  }
  app.notFound(async ({ req }) => {
    const file =
      req.method === 'GET' && !req.path.startsWith('/v1/')
        ? await files?.response(req.path, (name) => req.header(name) ?? null)
        : undefined;
    if (file !== undefined) return file;
    const allowed = shapes.filter(({ shape }) => shape.test(req.path)).map(({ method }) => method);
    if (allowed.length > 0)
      throw new TuttiError('METHOD_REFUSED', `${req.path} does not take ${req.method}, but ${allowed.join(', ')}.`, {
        details: { allowed },
      });
    throw new TuttiError('ROUTE_UNKNOWN', `There is nothing at ${req.path}. See /openapi.json for what there is.`);
  });
  app.onError((error, { req }) => problemResponse(error, req.raw.signal.aborted ? () => undefined : parts.report));
  return app;
};

/** Which methods a path takes; looked at only when it does not take the one that was asked. */
const shapes = routes.map(({ method, path }) => ({
  method,
  shape: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

const templateOf = ({ path }: Route): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

const pathOf = (request: Request, context: unknown): string => {
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(request.url)?.[1] ?? '/';
  const basePath = (context as MountContext | undefined)?.basePath;
  return typeof basePath === 'string' && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path || '/';
};

const isPreflight = (request: Request): boolean =>
  request.method === 'OPTIONS' && request.headers.has('access-control-request-method');

const corsHeaders = (origin: string): Readonly<Record<string, string>> => ({
  'access-control-allow-origin': origin,
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, last-event-id',
  'access-control-expose-headers': 'location, retry-after',
  'access-control-max-age': '600',
  vary: 'Origin',
});
