/**
 * The description of the HTTP interface, OpenAPI 3.1: made from the table of routes, and from the app, whose tasks have a path each
 * with the JSON Schema of their input.
 */
import { type ErrorCode, summaries } from '../errors/catalogue.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { AppDescription, TaskDescription } from '../protocol/app-description.ts';
import { httpStatusOf } from './http-status.ts';
import type { JsonSchema, Parameter } from './parameters.ts';
import type { Answer, Route } from './route.ts';
import { startRoute } from './routes/start.ts';

type Json = Readonly<Record<string, unknown>>;

/** Problems that any route may answer with. */
const anywhere: readonly ErrorCode[] = [
  'OPTION_INVALID',
  'ORIGIN_REFUSED',
  'HOST_REFUSED',
  'OVERLOADED',
  'CLOSED',
  'INVARIANT',
];

const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'outcome', 'retry'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'what happened, and what to do' },
    code: { type: 'string', description: 'stable; each has a page in docs/errors' },
    outcome: {
      enum: ['rejected', 'unknown', 'failed', 'invariant'],
      description: 'what is now known: not applied, perhaps applied, the task failed, or a bug in Tutti',
    },
    retry: { enum: ['never', 'same-id', 'later'], description: 'whether the same request may be sent again' },
    details: { type: 'object' },
    causes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'message'],
        properties: { name: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

export const openApiText = (routes: readonly Route[], app: AppDescription): string => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  const schemas: Record<string, unknown> = { Problem: problemSchema };
  for (const task of app.tasks) {
    paths[startRoute.path.replace('{task}', task.name)] = { post: startOf(task) };
    if (task.inputSchema !== undefined) schemas[inputName(task)] = resource(task);
  }
  return JSON.stringify({
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Tutti',
      version: '1',
      description:
        'Starts tasks of an app, follows them, and shows what runs. Values are in JSON form: what JSON has is itself, everything else is an object with one key that begins with $, such as {"$date":"2026-11-30T12:00:00.000Z"}.',
    },
    servers: [{ url: '.', description: 'Where this description was read' }],
    security: [{ token: [] }, { session: [] }, {}],
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'tutti_session' },
      },
    },
  });
};

const operationOf = (route: Route): Json => ({
  operationId: route.operation,
  summary: route.summary,
  ...(route.open === true ? { security: [] } : {}),
  ...(route.parameters.length === 0 ? {} : { parameters: route.parameters.map(parameterOf) }),
  ...(route.body === undefined ? {} : { requestBody: bodyOf(route.body.description, route.body.schema) }),
  responses: {
    ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)])),
    ...problemsOf(route),
  },
});

/** A task of the app as an operation of its own: `POST /v1/tasks/{name}` with the name filled in. */
const startOf = (task: TaskDescription): Json => {
  const { parameters, ...route } = startRoute;
  return {
    ...operationOf({ ...route, parameters: parameters.filter((parameter) => parameter.in !== 'path') }),
    operationId: `start.${task.name}`,
    summary: `Starts ${task.name}.`,
    requestBody: bodyOf(
      'The input in JSON form',
      task.inputSchema === undefined ? {} : { $ref: `#/components/schemas/${inputName(task)}` },
    ),
  };
};

const inputName = ({ name }: TaskDescription): string => `${name}.input`;

/** With an id of its own, so that its references are to itself and not to the description around it. */
const resource = (task: TaskDescription): JsonSchema => ({
  $id: `urn:tutti:task:${task.name}:input`,
  ...task.inputSchema,
});

const parameterOf = ({ name, in: where, description, schema }: Parameter<unknown>): Json => ({
  name,
  in: where,
  description,
  ...(where === 'path' ? { required: true } : {}),
  schema,
});

const bodyOf = (description: string, schema: JsonSchema): Json => ({
  description,
  content: { 'application/json': { schema } },
});

const answerOf = ({ description, type, schema }: Answer): Json => ({
  description,
  ...(type === undefined
    ? {}
    : { content: { [type]: schema === undefined ? { schema: { type: 'string' } } : { schema } } }),
});

const problemsOf = ({ problems, open }: Route): Json => {
  const codes = new Map<number, ErrorCode[]>();
  for (const code of new Set([...problems, ...anywhere, ...(open === true ? [] : (['UNAUTHORIZED'] as const))])) {
    const status = httpStatusOf(new TuttiError(code, ''));
    codes.set(status, [...(codes.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...codes].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `${code}: ${summaries[code]}`).join('. '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
};
