/** What can be seen of tasks, and done with one. */
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { type ListFilter, taskStateNames } from '../../protocol/task-view.ts';
import { encodeValue } from '../../values/codec.ts';
import { choiceParameter, countParameter, flagParameter, textParameter, timeParameter } from '../parameters.ts';
import { json, type Route } from '../route.ts';
import { shownForm } from '../shown-form.ts';
import { idParameter, idSchema, keyParameter, timeSchema } from './task-parameters.ts';

const filters = {
  state: choiceParameter({ name: 'state', in: 'query', description: 'only tasks in this state' }, [
    ...taskStateNames,
    'unfinished',
    'finished',
  ]),
  name: textParameter({ name: 'name', in: 'query', description: 'only tasks of this name' }, { minLength: 1 }),
  key: textParameter(
    { name: 'key', in: 'query', description: 'only the task with this idempotency key' },
    { minLength: 1 },
  ),
  idPrefix: textParameter(
    { name: 'idPrefix', in: 'query', description: 'only tasks whose id begins so' },
    { minLength: 1 },
  ),
  text: textParameter(
    { name: 'text', in: 'query', description: 'only tasks whose id, name or idempotency key begins so' },
    { minLength: 1 },
  ),
  createdFrom: timeParameter({
    name: 'createdFrom',
    in: 'query',
    description: 'only tasks made at this time or later',
  }),
  createdTo: timeParameter({ name: 'createdTo', in: 'query', description: 'only tasks made before this time' }),
  topLevel: flagParameter({
    name: 'topLevel',
    in: 'query',
    description: 'only tasks that no other task called or started',
  }),
  limit: countParameter(
    { name: 'limit', in: 'query', description: `at most so many; ${limits.gatewayListDefault} where it is left out` },
    1,
    limits.listPageMax,
  ),
  cursor: textParameter({ name: 'cursor', in: 'query', description: 'where the page before ended' }, { minLength: 1 }),
} as const;

const statusSchema = {
  type: 'object',
  required: ['id', 'name', 'state', 'createdAt', 'attempts', 'steps'],
  properties: {
    id: { type: 'string' },
    name: { type: 'string' },
    state: { enum: taskStateNames },
    key: { type: 'string' },
    createdAt: timeSchema,
    startedAt: timeSchema,
    finishedAt: timeSchema,
    attempts: { type: 'integer', description: 'those that failed, and the one that runs' },
    steps: { type: 'integer', description: 'recorded steps' },
    progress: {
      type: 'object',
      required: ['done', 'total'],
      properties: { done: { type: 'number' }, total: { type: 'number' }, message: { type: 'string' } },
    },
    error: { description: 'of a task that failed or was cancelled, in JSON form' },
    parent: { type: 'string', description: 'the task that called or started it' },
    lacking: { type: 'boolean', description: 'it waits because no node has an app with its function' },
  },
} as const;

export const listRoute: Route = {
  method: 'GET',
  path: '/v1/tasks',
  operation: 'listTasks',
  summary:
    'Lists tasks, the newest first. A page may hold fewer tasks than asked for, or none, although more follow: go on while there is a cursor.',
  parameters: Object.values(filters),
  answers: {
    200: {
      description: 'A page of tasks',
      type: 'application/json',
      schema: {
        type: 'object',
        required: ['tasks'],
        properties: { tasks: { type: 'array', items: statusSchema }, cursor: { type: 'string' } },
      },
    },
  },
  problems: [],
  handle: async (call) => {
    const filter: Record<string, unknown> = { limit: limits.gatewayListDefault };
    for (const [name, parameter] of Object.entries(filters)) {
      const value: unknown = call.read<unknown>(parameter);
      if (value !== undefined) filter[name] = value;
    }
    return json(shownForm(await call.parts.backend.list(encodeValue(filter satisfies ListFilter))));
  },
};

export const statusRoute: Route = {
  method: 'GET',
  path: '/v1/tasks/{task}',
  operation: 'getTask',
  summary: 'How a task is: its state, attempts, steps and progress, and its result or error once it has one.',
  parameters: [idParameter],
  answers: {
    200: {
      description: 'The task',
      type: 'application/json',
      schema: {
        ...statusSchema,
        properties: { ...statusSchema.properties, result: { description: 'of a completed task, in JSON form' } },
      },
    },
  },
  problems: ['TASK_NOT_FOUND'],
  handle: async (call) => {
    const { backend } = call.parts;
    const id = call.require(idParameter);
    const status = shownForm(await backend.status(id));
    checkFound(status, id);
    if ((JSON.parse(status) as { state: string }).state !== 'completed') return json(status);
    return json(`${status.slice(0, -1)},"result":${await backend.wait(id)}}`);
  },
};

const fromStep = countParameter(
  { name: 'fromStep', in: 'query', description: 'the index of the first step to be told' },
  0,
  Number.MAX_SAFE_INTEGER,
);

export const detailRoute: Route = {
  method: 'GET',
  path: '/v1/tasks/{task}/detail',
  operation: 'getTaskDetail',
  summary:
    'All that can be seen of a task, in a bounded size: input and result (long ones by their beginning), attempts, steps with their times, maps in numbers, and what it waits for.',
  parameters: [idParameter, fromStep],
  answers: {
    200: {
      description: 'The task in detail',
      type: 'application/json',
      schema: { type: 'object', required: ['status', 'steps'], properties: { status: statusSchema } },
    },
  },
  problems: ['TASK_NOT_FOUND'],
  handle: async (call) => {
    const id = call.require(idParameter);
    const detail = shownForm(await call.parts.backend.detail(id, call.read(fromStep) ?? 0));
    checkFound(detail, id);
    return json(detail);
  },
};

const from = countParameter(
  { name: 'from', in: 'query', description: 'the index of the first line to be told' },
  0,
  Number.MAX_SAFE_INTEGER,
);

export const logsRoute: Route = {
  method: 'GET',
  path: '/v1/tasks/{task}/logs',
  operation: 'getTaskLogs',
  summary: 'What a task wrote with ctx.log.',
  parameters: [idParameter, from],
  answers: {
    200: {
      description: 'The lines, in order',
      type: 'application/json',
      schema: {
        type: 'array',
        items: {
          type: 'object',
          required: ['time', 'level', 'message', 'attempt'],
          properties: {
            time: timeSchema,
            level: { type: 'string' },
            message: { type: 'string' },
            fields: {},
            attempt: { type: 'integer' },
          },
        },
      },
    },
  },
  problems: ['TASK_NOT_FOUND'],
  handle: async (call) =>
    json(shownForm(await call.parts.backend.logs(call.require(idParameter), call.read(from) ?? 0))),
};

export const cancelRoute: Route = {
  method: 'DELETE',
  path: '/v1/tasks/{task}',
  operation: 'cancelTask',
  summary: 'Cancels an unfinished task and the tasks that it waits for. Cancelling it again does nothing more.',
  parameters: [idParameter],
  answers: { 204: { description: 'It is cancelled' } },
  problems: ['TASK_NOT_FOUND', 'TASK_STATE'],
  handle: async (call) => {
    await call.parts.backend.cancel(call.require(idParameter));
    return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
  },
};

export const retryRoute: Route = {
  method: 'POST',
  path: '/v1/tasks/{task}/retry',
  operation: 'retryTask',
  summary:
    'Runs a failed or cancelled task again; steps recorded before the first failed one are kept. A repeat with the same Idempotency-Key does nothing more.',
  parameters: [idParameter, keyParameter],
  answers: { 202: { description: 'It runs again', type: 'application/json', schema: idSchema } },
  problems: ['TASK_NOT_FOUND', 'TASK_STATE'],
  handle: async (call) => {
    const id = call.require(idParameter);
    await call.parts.backend.retry(id, call.read(keyParameter) ?? crypto.randomUUID());
    return json(JSON.stringify({ id }), 202, { location: `../${id}` });
  },
};

const checkFound = (text: string, id: string): void => {
  if (text === encodeValue(undefined))
    throw new TuttiError(
      'TASK_NOT_FOUND',
      `There is no task ${id} here. It may have been removed after its retention time.`,
      { details: { id } },
    );
};
