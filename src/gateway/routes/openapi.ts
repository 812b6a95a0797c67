/** `GET /openapi.json`: the description of the interface itself. */
import { json, type Route } from '../route.ts';

export const openapiRoute: Route = {
  method: 'GET',
  path: '/openapi.json',
  operation: 'getDescription',
  summary: 'This description, with one path for each task of the app.',
  parameters: [],
  answers: { 200: { description: 'OpenAPI 3.1', type: 'application/json', schema: { type: 'object' } } },
  problems: [],
  handle: ({ parts }) => json(parts.description()),
};
