/**
 * What a client can ask of a node: the methods of requests, the arguments of each, and what its reply holds. A stream gives
 * events until its reply ends it.
 */
import type { TuttiError } from '../errors/tutti-error.ts';
import { isCount, protocolInvalid } from './wire.ts';

/** Arguments by method. Inputs and filters are texts in JSON form. */
export type MethodArguments = {
  /** The reply is the task's id; with `wait` 1 its result. `id` is minted by the client, so that a repeat is known as one. */
  start: [id: string, name: string, input: string, key: string | null, delayMs: number, wait: 0 | 1];
  /** The result of a task, when it is there. */
  wait: [id: string];
  /** A `TaskStatus`, or undefined. */
  status: [id: string];
  /** A `TaskDetail` with the steps from `fromStep` on, or undefined. */
  detail: [id: string, fromStep: number];
  /** A `TaskPage`. */
  list: [filter: string];
  cancel: [id: string];
  /** A repeat under the same request id is answered as the first was. */
  retry: [id: string, requestId: string];
  /** An array of `LogLine`. */
  logs: [id: string, from: number];
  /** An `AppDescription`. */
  app: [];
  /** An `Overview`. */
  overview: [];
  /** Stream of `TaskEvent`, beginning with how the task is now and its log lines from `fromLog` on. */
  follow: [id: string, fromLog: number];
  /** Stream of `Overview`. */
  watchOverview: [];
  /** Stream of `TaskPage`: what `list` gives, now and whenever it has changed. */
  watchTasks: [filter: string];
};

export type Method = keyof MethodArguments;

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const textOrNull: Check = (value) => value === null || typeof value === 'string';
const flag: Check = (value) => value === 0 || value === 1;
const delay: Check = (value) => typeof value === 'number' && value >= 0 && Number.isFinite(value);

const checks: ReadonlyMap<string, readonly Check[]> = new Map(
  Object.entries({
    start: [text, text, text, textOrNull, delay, flag],
    wait: [text],
    status: [text],
    detail: [text, isCount],
    list: [text],
    cancel: [text],
    retry: [text, text],
    logs: [text, isCount],
    app: [],
    overview: [],
    follow: [text, isCount],
    watchOverview: [],
    watchTasks: [text],
  } satisfies Record<Method, readonly Check[]>),
);

/** What is wrong with a request, if something is: `PROTOCOL_INVALID`. Further arguments are those of a newer version. */
export const requestComplaint = (method: string, args: readonly unknown[]): TuttiError | undefined => {
  const expected = checks.get(method);
  if (expected === undefined)
    return protocolInvalid(
      `There is no method ${JSON.stringify(method.slice(0, 100))}: there are ${[...checks.keys()].join(', ')}.`,
    );
  const wrong = expected.findIndex((check, index) => !check(args[index]));
  return wrong === -1 ? undefined : protocolInvalid(`Argument ${wrong + 1} of ${method} is not what it takes.`);
};
