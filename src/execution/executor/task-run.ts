/**
 * Runs the function of a task for an attempt, and says what its outcome means.
 */

import { isFinalError } from '../../app/app-error.ts';
import type { TaskDefinition } from '../../app/task.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { decodeValue, encodeValue } from '../../values/codec.ts';
import type { Attempt } from './attempt.ts';
import { contextOf } from './context.ts';
import type { Host } from './host.ts';
import { inRootContext, runInScope, Scope } from './scope.ts';
import { isRecordedFailure, isThenable } from './steps.ts';

/** Enters the task's code. True: it ended within this call. */
export const runTask = (host: Host, attempt: Attempt, definition: TaskDefinition): boolean => {
  const scope = new Scope(attempt, attempt.id, attempt.tries + 1, '', true);
  if (attempt.timeoutMs > 0) startTimeout(host, attempt);
  let result: unknown;
  try {
    const input = decodeValue(attempt.input, 'input');
    attempt.input = '';
    result = runInScope(scope, definition.fn, contextOf(host, scope), input as never);
  } catch (thrown) {
    taskThrew(host, attempt, thrown);
    return true;
  }
  if (!isThenable(result)) {
    taskGave(host, attempt, result);
    return true;
  }
  result.then(
    (value) => taskGave(host, attempt, value),
    (thrown: unknown) => taskThrew(host, attempt, thrown),
  );
  return false;
};

/** Where the code does not let the event loop turn, the node thread sees to it. */
const startTimeout = (host: Host, attempt: Attempt): void => {
  const { id, name, timeoutMs } = attempt;
  host.setLimit(attempt, timeoutMs);
  const late = inRootContext(() => {
    const reason = new TuttiError(
      'TASK_TIMEOUT',
      `Task ${id} (${name}) ran longer than its timeout of ${timeoutMs} ms`,
      {
        details: { id, timeoutMs },
      },
    );
    attempt.abort(reason);
    host.fail(attempt, reason, true);
  });
  attempt.onEnd(host.env.timers.after(timeoutMs, late));
};

const taskGave = (host: Host, attempt: Attempt, value: unknown): void => {
  if (attempt.ended) return;
  let text: string;
  try {
    text = encodeValue(value, 'result');
  } catch (error) {
    host.fail(attempt, error, false);
    return;
  }
  host.finish(attempt, text);
};

const taskThrew = (host: Host, attempt: Attempt, thrown: unknown): void => {
  if (!attempt.ended) host.fail(attempt, thrown, isRetryable(thrown));
};

/** Whether another attempt could do better than one that threw this. */
export const isRetryable = (thrown: unknown): boolean => !isFinalError(thrown) && !isRecordedFailure(thrown);

/** The definition that a grant names; undefined, and the attempt fails, if this app has none. */
export const definitionOf = (host: Host, attempt: Attempt): TaskDefinition | undefined => {
  const definition = host.app.definitions.get(attempt.name);
  if (definition !== undefined) return definition;
  const error = new TuttiError(
    'TASK_UNKNOWN',
    `The app has no task ${attempt.name}. Was it renamed or removed while tasks of this name were waiting?`,
    {
      details: { id: attempt.id, task: attempt.name },
    },
  );
  host.fail(attempt, error, false);
  return undefined;
};
