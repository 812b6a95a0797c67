/**
 * What a route is: one entry of the table (`routes.ts`) from which both the handler of requests and its description are made, so
 * that they cannot differ.
 */
import type { ErrorCode } from '../errors/catalogue.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Access } from './access.ts';
import type { Backend } from './backend.ts';
import type { BodyReader } from './body.ts';
import type { Health } from './health.ts';
import type { JsonSchema, Parameter } from './parameters.ts';
import { TextResponse } from './text-response.ts';

export type Answer = {
  readonly description: string;
  readonly type?: 'application/json' | 'text/event-stream' | 'text/plain';
  readonly schema?: JsonSchema;
};

export type Route = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `{name}` for each path parameter, each one segment. */
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  /** Answered without a token: it says nothing about tasks. */
  readonly open?: boolean;
  readonly parameters: readonly Parameter<unknown>[];
  /** The JSON Schema of the body, where there is one. */
  readonly body?: { readonly description: string; readonly schema: JsonSchema };
  readonly answers: Readonly<Record<number, Answer>>;
  /** Codes of the problems it may answer with, besides those that any route has. */
  readonly problems: readonly ErrorCode[];
  readonly handle: (call: Call) => Response | Promise<Response>;
};

/** What a handler has to work with, whichever request it serves. */
export type GatewayParts = {
  readonly backend: Backend;
  readonly bodies: BodyReader;
  readonly health: Health;
  readonly access: Access | undefined;
  /** Aborted when the gateway closes: nothing waits any longer. */
  readonly closing: AbortSignal;
  /** The text of the description of the interface (OpenAPI). */
  readonly description: () => string;
  readonly report: (error: unknown) => void;
};

/** One request to a route. */
export class Call {
  readonly parts: GatewayParts;
  readonly request: Request;
  readonly #segments: Readonly<Record<string, string>>;
  readonly #query: URLSearchParams | undefined;

  /** Throws `OPTION_INVALID` for a query parameter that the route does not have, or that is there twice. */
  constructor(parts: GatewayParts, route: Route, request: Request, segments: Readonly<Record<string, string>>) {
    this.parts = parts;
    this.request = request;
    this.#segments = segments;
    const mark = request.url.indexOf('?');
    this.#query = mark === -1 ? undefined : new URLSearchParams(request.url.slice(mark + 1).split('#', 1)[0]);
    if (this.#query !== undefined) checkNames(this.#query, route);
  }

  /** Throws what the parameter's `read` throws. */
  read<Value>(parameter: Parameter<Value>): Value | undefined {
    const text = this.#textOf(parameter);
    return text === undefined || text === null ? undefined : parameter.read(text);
  }

  /** Of a parameter that is always there. */
  require<Value>(parameter: Parameter<Value>): Value {
    return parameter.read(this.#textOf(parameter) ?? '');
  }

  #textOf({ name, in: where }: Parameter<unknown>): string | null | undefined {
    switch (where) {
      case 'path':
        return this.#segments[name];
      case 'query':
        return this.#query?.get(name);
      case 'header':
        return this.request.headers.get(name);
      default:
        return where satisfies never;
    }
  }
}

const checkNames = (query: URLSearchParams, { parameters }: Route): void => {
  const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const seen = new Set<string>();
  for (const name of query.keys()) {
    if (names.includes(name) && !seen.has(name)) seen.add(name);
    else
      throw new TuttiError(
        'OPTION_INVALID',
        seen.has(name)
          ? `The parameter ${name} is there twice.`
          : `There is no parameter ${JSON.stringify(name.slice(0, 100))} here; there ${names.length === 0 ? 'is none' : `are ${names.join(', ')}`}.`,
        { details: { option: name.slice(0, 100) } },
      );
  }
};

/** A JSON text as a response. */
export const json = (text: string, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  new TextResponse(text, status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...headers,
  });
