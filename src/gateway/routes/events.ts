/** `GET /v1/tasks/{task}/events`: what happens to a task, as server-sent events. */
import { eventStream, resumePoint } from '../event-stream.ts';
import type { Parameter } from '../parameters.ts';
import type { Route } from '../route.ts';
import { idParameter } from './task-parameters.ts';

const lastEventId: Parameter<number | 'ended'> = {
  name: 'last-event-id',
  in: 'header',
  description: 'the id of the last event that was received; what came after it is told',
  schema: { type: 'string', pattern: '^\\d{1,15}(-end)?$' },
  read: resumePoint,
};

export const eventsRoute: Route = {
  method: 'GET',
  path: '/v1/tasks/{task}/events',
  operation: 'followTask',
  summary:
    'What happens to a task, as it happens, beginning with how it is now: events state, progress (the newest counts), log (each line once, in order) and finished (the last, with the result or error). The data of an event is one JSON text.',
  parameters: [idParameter, lastEventId],
  answers: {
    200: { description: 'Events, until the task has ended', type: 'text/event-stream' },
    204: { description: 'The last event was received already: there is nothing to go on with' },
  },
  problems: ['TASK_NOT_FOUND'],
  handle: async (call) => {
    const id = call.require(idParameter);
    const from = call.read(lastEventId) ?? 0;
    if (from === 'ended') return new Response(null, { status: 204 });
    return new Response(await eventStream(call.parts, id, from), {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    });
  },
};
