/**
 * Steps as user code calls them: `ctx.sleep`, `ctx.call`, `ctx.start`. (`ctx.run` is in `step-function.ts`, `ctx.map` in
 * `map-run.ts`; all go through `openStep`.) The promise of a step settles when the journal tells its result, and never
 * if the attempt ends before: code that waits for it is then let go of.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { encodePolicy, policyOf } from '../../app/policy.ts';
import { isTask, type TaskDefinition } from '../../app/task.ts';
import type { CallOptions, StartedTask } from '../../app/task-context.ts';
import { validateInput } from '../../app/validate-input.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { fromExecutor } from '../../tasks/messages.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from '../../values/codec.ts';
import { type Duration, durationMs } from '../../values/duration.ts';
import { hash64 } from '../../values/hash.ts';
import type { Attempt } from './attempt.ts';
import type { Host } from './host.ts';
import { Journal, type Step } from './journal.ts';
import { currentScope, type Scope } from './scope.ts';

/** Errors that steps threw into their task: recorded, so that another attempt of the task would meet them again. */
const recordedFailures = new WeakSet<object>();

/** Whether a task that throws this would throw it again on every replay. */
export const isRecordedFailure = (thrown: unknown): boolean =>
  typeof thrown === 'object' && thrown !== null && recordedFailures.has(thrown);

export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

const ignore = (): void => undefined;

/**
 * Calls a step. `begin` reports a new one (or, with `reopens`, also one that is recorded and pending): at once, or when the
 * replay is through. `read` makes the value of a result's text.
 */
export const openStep = <T>(
  host: Host,
  scope: Scope,
  call: {
    readonly key: string;
    readonly fingerprint: string;
    /** What the fingerprint is of, for people. */
    readonly shown?: string;
    readonly begin: (step: Step) => void;
    readonly read: (step: Step) => T;
    readonly reopens?: boolean;
    readonly told?: (step: Step) => void;
  },
): Promise<T> => {
  const { attempt } = scope;
  if (attempt.ended || scope.closed) return never();
  const { key, fingerprint, begin } = call;
  const journal = journalOf(attempt);
  const step = journal.call(key, fingerprint);
  if (step.fingerprint !== fingerprint) {
    host.fail(attempt, otherArguments(attempt, step, call.shown), false);
    return never();
  }
  attempt.stepsOpen++;
  const promise = new Promise<T>((resolve, reject) => {
    step.tell = () => {
      if (!scope.closed) attempt.stepsOpen--;
      call.told?.(step);
      if (attempt.timeMs < step.timeMs) attempt.timeMs = step.timeMs;
      try {
        if (step.ok) resolve(call.read(step));
        else reject(recordedFailure(step.text));
      } catch (error) {
        reject(error);
      }
    };
  });
  // A step that the code does not wait for is its own affair: only what awaits the promise learns of a failure.
  promise.catch(ignore);
  if (!step.recorded) {
    journal.beginWhenReplayed(step, journal.replaying ? AsyncLocalStorage.bind(() => begin(step)) : () => begin(step));
  } else if (call.reopens === true && step.ok === undefined) begin(step);
  host.touch(attempt);
  return promise;
};

export const journalOf = (attempt: Attempt): Journal => {
  attempt.journal ??= new Journal(undefined, attempt.isChunk);
  return attempt.journal;
};

const recordedFailure = (text: string): Error => {
  const error = decodeError(text);
  recordedFailures.add(error);
  return error;
};

/** Refuses steps inside the function of a step: on replay the function does not run, and they would be missed. */
export const refuseInsideStep = (scope: Scope, what: string): void => {
  const inner = currentScope();
  if (inner?.replayed !== false || inner.attempt !== scope.attempt) return;
  throw new TuttiError(
    'STEP_NESTED',
    `${what} was called inside the function of a ctx.run. That function is not run again on replay: call steps beside it, not in it.`,
    { details: { id: scope.id } },
  );
};

/** A step as people see it: its key, and what tells it from others of that key. */
export const shownCall = (key: string, shown: string): string => (shown === '' ? key : `${key} with ${shown}`);

const otherArguments = (attempt: Attempt, step: Step, shown = 'other arguments'): TuttiError =>
  nondeterministic(
    attempt,
    `step ${step.key} was recorded with other arguments than it has now`,
    step.key,
    shownCall(step.key, shown),
  );

export const nondeterministic = (
  attempt: Pick<Attempt, 'id' | 'name'>,
  what: string,
  expected: string,
  found: string,
): TuttiError =>
  new TuttiError(
    'TASK_NONDETERMINISTIC',
    `The code of ${attempt.name} (${attempt.id}) no longer does what its journal says: ${what}. Expected: ${expected}. Found: ${found}. Between steps, code must do the same each time it runs.`,
    { details: { id: attempt.id, task: attempt.name, expected, found } },
  );

/** Checks an input of a call and hands on what its schema makes of it: at once, where the schema answers at once. */
export const whenValid = (
  host: Host,
  attempt: Attempt,
  definition: TaskDefinition,
  value: unknown,
  done: (valid: unknown) => void,
  refused: (thrown: unknown) => void,
): void => {
  let result: unknown;
  try {
    result = validateInput(definition, value);
  } catch (thrown) {
    refused(thrown);
    return;
  }
  if (!isThenable(result)) {
    done(result);
    return;
  }
  let open = true;
  attempt.functionsRunning++;
  const after = <V>(then: (value: V) => void) => {
    return (value: V): void => {
      if (!open) return;
      open = false;
      cancelLimit();
      attempt.functionsRunning--;
      if (attempt.ended) return;
      then(value);
      host.touch(attempt);
    };
  };
  const refuse = after(refused);
  const cancelLimit = host.env.timers.after(limits.validationMs, () =>
    refuse(new TuttiError('INPUT_INVALID', `The schema gave no answer within ${limits.validationMs} ms`)),
  );
  result.then(after(done), refuse);
};

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Promise<unknown>>).then === 'function';

export const sleep = (host: Host, scope: Scope, duration: Duration): Promise<void> => {
  refuseInsideStep(scope, 'ctx.sleep');
  const delayMs = durationMs(duration, 'ctx.sleep');
  return openStep(host, scope, {
    key: scope.nextKey('sleep', ''),
    fingerprint: '',
    begin: (step) => host.send(scope.attempt, fromExecutor.stepSleep, step.key, '', delayMs),
    read: ignore,
  });
};

/** The name of a task that is to be called, and how it is retried. Throws `TASK_NOT_EXPORTED`. */
export const targetOf = (
  host: Host,
  definition: TaskDefinition,
  what: string,
): { readonly name: string; readonly policy: string | undefined } => {
  const name = isTask(definition) ? host.app.nameOf(definition) : undefined;
  if (name === undefined) {
    const shown = isTask(definition) ? 'a task that the app does not export' : 'not a task (made by task(…))';
    throw new TuttiError(
      'TASK_NOT_EXPORTED',
      `${what} got ${shown}: only definitions that the app exports can run on other threads. Export it from the app's module.`,
    );
  }
  const policy = policyOf(definition);
  return { name, policy: policy === undefined ? undefined : encodePolicy(policy) };
};

export const call = (
  host: Host,
  scope: Scope,
  definition: TaskDefinition,
  input: unknown,
  options: CallOptions | undefined,
): Promise<unknown> => {
  refuseInsideStep(scope, 'ctx.call');
  const child = childCall(host, scope, 'call', definition, input, options);
  return openStep(host, scope, { ...child, read: (step) => decodeValue(step.text) });
};

export const start = async (
  host: Host,
  scope: Scope,
  definition: TaskDefinition,
  input: unknown,
  options: CallOptions | undefined,
): Promise<StartedTask<unknown>> => {
  refuseInsideStep(scope, 'ctx.start');
  const child = childCall(host, scope, 'start', definition, input, options);
  const id = await openStep(host, scope, { ...child, read: (step) => decodeValue(step.text) as string });
  return { id, result: () => join(host, scope, child.key) };
};

const join = async (host: Host, scope: Scope, startKey: string): Promise<unknown> => {
  refuseInsideStep(scope, 'result()');
  return openStep(host, scope, {
    key: scope.nextKey('join', startKey.slice(scope.prefix.length)),
    fingerprint: '',
    begin: (step) => host.send(scope.attempt, fromExecutor.stepJoin, step.key, '', startKey),
    read: (step) => decodeValue(step.text),
  });
};

const shownCharsMax = 300;

/** The input of a call, in JSON form, as part of a sentence. */
export const shownInput = (text: string): string =>
  `input ${text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text}`;

const childCall = (
  host: Host,
  scope: Scope,
  kind: 'call' | 'start',
  definition: TaskDefinition,
  input: unknown,
  options: CallOptions | undefined,
) => {
  const { attempt } = scope;
  const { name, policy } = targetOf(host, definition, `ctx.${kind}`);
  const idempotencyKey = checkedKey(options?.key);
  const text = encodeValue(input, 'input');
  const op = kind === 'call' ? fromExecutor.stepCall : fromExecutor.stepStart;
  const fingerprint = hash64(`${name} ${text}`);
  const begin = (step: Step): void => {
    const report = (valid: string): void =>
      host.send(attempt, op, step.key, fingerprint, name, valid, policy, idempotencyKey);
    if (definition.schema === undefined) {
      report(text);
      return;
    }
    // A refused input is the step's failure as everything else is: recorded, so that a replay meets it in its place.
    const refuse = (thrown: unknown): void => reportFailure(host, attempt, step, thrown);
    whenValid(
      host,
      attempt,
      definition,
      decodeValue(text),
      (valid) => {
        try {
          report(encodeValue(valid, 'input'));
        } catch (error) {
          refuse(error);
        }
      },
      refuse,
    );
  };
  return { key: scope.nextKey(kind, name), fingerprint, shown: shownInput(text), begin };
};

/** Records that a step failed in this executor. */
export const reportFailure = (host: Host, attempt: Attempt, step: Step, thrown: unknown): void =>
  host.send(attempt, fromExecutor.stepRun, step.key, step.fingerprint, 0, encodeError(thrown), 0);

const checkedKey = (key: unknown): string | undefined => {
  if (key === undefined) return undefined;
  const fits = typeof key === 'string' && key !== '' && Buffer.byteLength(key) <= limits.idempotencyKeyBytesMax;
  if (fits) return key;
  throw new TuttiError(
    'OPTION_INVALID',
    `key (${typeof key === 'string' ? JSON.stringify(key.slice(0, 40)) : typeof key}) is not text of 1 to ${limits.idempotencyKeyBytesMax} bytes`,
    { details: { option: 'key' } },
  );
};
