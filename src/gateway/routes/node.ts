/** What a node has and how it does. */
import { TuttiError } from '../../errors/tutti-error.ts';
import type { Overview } from '../../protocol/overview.ts';
import { decodeValue } from '../../values/codec.ts';
import { checkTakesRequests } from '../cluster-health.ts';
import { overviewOf } from '../health.ts';
import { metricsText } from '../metrics.ts';
import { json, type Route } from '../route.ts';

const statusSchema = {
  type: 'object',
  required: ['status'],
  properties: { status: { const: 'ok' }, canaryMs: { type: 'number' } },
} as const;

export const appRoute: Route = {
  method: 'GET',
  path: '/v1/app',
  operation: 'getApp',
  summary: 'What the app has: its tasks, with the JSON Schema of their input where their library gives one.',
  parameters: [],
  answers: {
    200: {
      description: 'The catalogue',
      type: 'application/json',
      schema: {
        type: 'object',
        required: ['fingerprint', 'tasks'],
        properties: {
          fingerprint: { type: 'string', description: 'the same exactly for apps with the same tasks and options' },
          tasks: {
            type: 'array',
            items: {
              type: 'object',
              required: ['name', 'checked'],
              properties: {
                name: { type: 'string' },
                checked: { type: 'boolean', description: 'inputs are checked before they are recorded' },
                inputSchema: { type: 'object' },
              },
            },
          },
        },
      },
    },
  },
  problems: [],
  handle: ({ parts }) => json(JSON.stringify(parts.backend.app)),
};

export const healthRoute: Route = {
  method: 'GET',
  path: '/healthz',
  operation: 'getHealth',
  summary:
    'Whether the node does its work: its canary tasks go through its executors and back; in a cluster, its partitions and its store get on as well, and it is not cut off.',
  open: true,
  parameters: [],
  answers: { 200: { description: 'It does', type: 'application/json', schema: statusSchema } },
  problems: ['CLOSED', 'NOT_READY'],
  handle: async ({ parts }) => json(JSON.stringify({ status: 'ok', canaryMs: await parts.health.check() })),
};

export const readyRoute: Route = {
  method: 'GET',
  path: '/readyz',
  operation: 'getReadiness',
  summary:
    'Whether the node takes requests: it is not closing; all its partitions lead, or, in a cluster, it is a member, well, and not cut off.',
  open: true,
  parameters: [],
  answers: { 200: { description: 'It does', type: 'application/json', schema: statusSchema } },
  problems: ['CLOSED', 'NOT_READY'],
  handle: async ({ parts }) => {
    if (parts.closing.aborted) throw new TuttiError('CLOSED', 'The node is closing. Ask another one, or later.');
    const { partitions, cluster } = await overviewOf(parts.backend);
    if (cluster !== undefined) {
      checkTakesRequests(cluster);
      return json('{"status":"ok"}');
    }
    const waiting = partitions.filter(({ leading }) => !leading).map(({ partition }) => partition);
    if (waiting.length > 0)
      throw new TuttiError('NOT_READY', `Partitions ${waiting.join(', ')} do not take requests yet.`, {
        details: { partitions: waiting },
      });
    return json('{"status":"ok"}');
  },
};

export const metricsRoute: Route = {
  method: 'GET',
  path: '/metrics',
  operation: 'getMetrics',
  summary: 'Counters and gauges in the text format of Prometheus.',
  parameters: [],
  answers: { 200: { description: 'The metrics', type: 'text/plain' } },
  problems: [],
  handle: async ({ parts }) =>
    new Response(metricsText(decodeValue(await parts.backend.overview()) as Overview), {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
    }),
};
