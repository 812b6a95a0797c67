import { isTuttiError, TuttiError } from './tutti-error.ts';

/**
 * The failure of a task as everybody else meets it: `TASK_FAILED` with what its code threw as `cause`. What already is
 * the failure of a task (a child's, a timeout) stays itself.
 */
export const taskFailure = (thrown: unknown, name: string, id: string): TuttiError => {
  if (isTuttiError(thrown) && thrown.outcome === 'failed') return thrown;
  const failure = new TuttiError('TASK_FAILED', `${name} failed: ${messageOf(thrown)}`, {
    details: { id, task: name },
    cause: thrown,
  });
  // Of this error the place in our own code says nothing; the cause has the user's.
  failure.stack = `${failure.name}: ${failure.message}`;
  return failure;
};

const messageOf = (thrown: unknown): string => {
  const message: unknown = typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'message') : thrown;
  return typeof message === 'string' ? message : 'something that is no Error was thrown';
};
