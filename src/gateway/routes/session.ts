/** `/v1/session`: how a browser gets in where a token is asked for. */
import { json, type Route } from '../route.ts';

export const signInRoute: Route = {
  method: 'POST',
  path: '/v1/session',
  operation: 'signIn',
  summary:
    'Trades the token (Authorization: Bearer) for a cookie that scripts cannot read, so that a page does not keep the token.',
  parameters: [],
  answers: { 204: { description: 'The cookie is set' } },
  problems: [],
  handle: ({ parts }) => cookie(parts.access?.sessionCookie(false)),
};

export const signOutRoute: Route = {
  method: 'DELETE',
  path: '/v1/session',
  operation: 'signOut',
  summary: 'Takes the cookie away.',
  open: true,
  parameters: [],
  answers: { 204: { description: 'The cookie is gone' } },
  problems: [],
  handle: ({ parts }) => cookie(parts.access?.sessionCookie(true)),
};

export const sessionRoute: Route = {
  method: 'GET',
  path: '/v1/session',
  operation: 'getSession',
  summary: 'Whether a token is asked for, and whether this request is let in.',
  open: true,
  parameters: [],
  answers: {
    200: {
      description: 'How the caller stands',
      type: 'application/json',
      schema: {
        type: 'object',
        required: ['tokenAsked', 'admitted'],
        properties: { tokenAsked: { type: 'boolean' }, admitted: { type: 'boolean' } },
      },
    },
  },
  problems: [],
  handle: ({ parts, request }) =>
    json(
      JSON.stringify({
        tokenAsked: parts.access?.asksForToken ?? false,
        admitted: parts.access?.admits((name) => request.headers.get(name)) ?? true,
      }),
    ),
};

const cookie = (value: string | undefined): Response =>
  new Response(null, {
    status: 204,
    headers: { 'cache-control': 'no-store', ...(value === undefined ? {} : { 'set-cookie': value }) },
  });
