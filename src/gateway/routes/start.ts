/** `POST /v1/tasks/{name}`: starts a task, and waits for its result if asked to. */
import { limits } from '../../limits.ts';
import { encodeValue } from '../../values/codec.ts';
import { durationMaxMs } from '../../values/duration.ts';
import { decodeWritten } from '../../values/written-value.ts';
import { durationParameter, textParameter } from '../parameters.ts';
import { type Call, json, type Route } from '../route.ts';
import { withinTime } from '../within-time.ts';
import { idSchema, keyParameter } from './task-parameters.ts';

const name = textParameter(
  { name: 'task', in: 'path', description: 'the name of a task of the app' },
  { minLength: 1 },
);
const wait = durationParameter(
  {
    name: 'wait',
    in: 'query',
    description: 'how long to wait for the result; without it, or when the time is over, the answer is the id',
  },
  limits.gatewayWaitMsMax,
);
const delay = durationParameter(
  { name: 'delay', in: 'query', description: 'how long to wait before it runs' },
  durationMaxMs,
);

export const startRoute: Route = {
  method: 'POST',
  path: '/v1/tasks/{task}',
  operation: 'startTask',
  summary:
    'Starts a task. Once it is answered the task is durable and runs to its end. With an Idempotency-Key the same start can be sent again: it attaches to the task that the first one started.',
  parameters: [name, keyParameter, wait, delay],
  body: { description: 'The input in JSON form; nothing for a task without input.', schema: {} },
  answers: {
    200: { description: 'The result in JSON form, which was there in time', type: 'application/json', schema: {} },
    202: { description: 'It was started', type: 'application/json', schema: idSchema },
  },
  problems: [
    'TASK_UNKNOWN',
    'INPUT_INVALID',
    'VALUE_MALFORMED',
    'VALUE_UNSUPPORTED',
    'VALUE_TOO_LARGE',
    'KEY_CONFLICT',
    'DURATION_INVALID',
    'TASK_FAILED',
    'TASK_CANCELLED',
    'TASK_TIMEOUT',
    'TASK_CRASHED',
    'TASK_NONDETERMINISTIC',
    'DISK_FULL',
    'STORE_FULL',
    'NOT_READY',
  ],
  handle: async (call) => {
    const { backend, bodies } = call.parts;
    const started = {
      id: undefined,
      name: call.require(name),
      key: call.read(keyParameter),
      delayMs: call.read(delay) ?? 0,
    };
    const waitMs = call.read(wait);
    const input = inputForm(await bodies.read(call.request));
    const id = await backend.start({ ...started, input });
    const result = waitMs === undefined ? undefined : await resultWithin(call, id, waitMs);
    const location = { location: `./${id}` };
    return result === undefined ? json(JSON.stringify({ id }), 202, location) : json(result, 200, location);
  },
};

/** The text as Tutti itself writes the value, so that the same value has the same text whoever sends it. */
const inputForm = (body: string): string =>
  body === '' ? encodeValue(undefined) : encodeValue(decodeWritten(body, 'input'), 'input');

const resultWithin = ({ parts, request }: Call, id: string, waitMs: number): Promise<string | undefined> =>
  withinTime(waitMs, [request.signal, parts.closing], (signal) => parts.backend.wait(id, signal));
