/**
 * `ctx.run`: runs a function for real, tries it again in place, and has its outcome recorded once.
 *
 * The pause between two tries holds no slot and is known to this memory alone; if the attempt ends meanwhile, the function's
 * tries begin anew. `key` is the same in all of them.
 */

import { isFinalError } from '../../app/app-error.ts';
import {
  decodePolicy,
  defaultPolicy,
  policyOf,
  type RetryPolicy,
  retryPolicyOf,
  type TaskPolicy,
} from '../../app/policy.ts';
import { type RetrySettings, readRetry } from '../../app/task.ts';
import type { Step as StepOfUser, StepOptions } from '../../app/task-context.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { backoffMs } from '../../tasks/backoff.ts';
import { fromExecutor } from '../../tasks/messages.ts';
import { decodeValue, encodeError, encodeValue } from '../../values/codec.ts';
import type { Attempt } from './attempt.ts';
import type { Host } from './host.ts';
import type { Step } from './journal.ts';
import { pauseBetweenTries } from './pause.ts';
import { runInScope, type Scope } from './scope.ts';
import { isThenable, openStep, refuseInsideStep } from './steps.ts';

type StepFunction = (step: StepOfUser) => unknown;

export const runFunction = (
  host: Host,
  scope: Scope,
  name: string,
  fn: StepFunction,
  options: StepOptions | undefined,
): Promise<unknown> => {
  refuseInsideStep(scope, 'ctx.run');
  checkArguments(name, fn);
  const { attempt } = scope;
  const retry = options?.retry === undefined ? undefined : readRetry(options.retry, 'retry');
  return openStep(host, scope, {
    key: scope.nextKey('run', name),
    fingerprint: '',
    begin: (step) => {
      if (attempt.isRehearsal) host.send(attempt, fromExecutor.stepRun, step.key, step.fingerprint, 1, '');
      else new FunctionRun(host, scope, step, fn, retry).begin();
    },
    read: (step) => decodeValue(step.text),
    told: (step) => {
      if (!step.recorded) attempt.recordsOpen--;
    },
  });
};

/** The policy that was recorded with the task, else its definition's. */
export const policyOfAttempt = (host: Host, attempt: Attempt): TaskPolicy => {
  if (attempt.policyText !== undefined) return decodePolicy(attempt.policyText);
  const definition = host.app.definitions.get(attempt.name);
  return (definition === undefined ? undefined : policyOf(definition)) ?? defaultPolicy;
};

const checkArguments = (name: unknown, fn: unknown): void => {
  if (typeof name !== 'string' || name === '' || name.length > limits.nameCharsMax) {
    throw new TuttiError('OPTION_INVALID', `ctx.run: the name is not text of 1 to ${limits.nameCharsMax} characters`, {
      details: { option: 'name' },
    });
  }
  if (typeof fn !== 'function') {
    throw new TuttiError('OPTION_INVALID', `ctx.run(${JSON.stringify(name)}): the second argument is not a function`, {
      details: { option: 'fn' },
    });
  }
};

/** What the function gets. */
class StepArgument implements StepOfUser {
  readonly key: string;
  readonly attempt: number;
  readonly #of: Attempt;

  constructor(of: Attempt, stepKey: string, tries: number) {
    this.key = `${of.id}/${stepKey}`;
    this.attempt = tries;
    this.#of = of;
  }

  get signal(): AbortSignal {
    return this.#of.signal;
  }
}

class FunctionRun {
  private readonly host: Host;
  private readonly scope: Scope;
  private readonly step: Step;
  private readonly fn: StepFunction;
  private readonly retry: RetrySettings | undefined;
  private readonly beganMs: number;
  private tries = 0;

  constructor(host: Host, scope: Scope, step: Step, fn: StepFunction, retry: RetrySettings | undefined) {
    this.host = host;
    this.scope = scope;
    this.step = step;
    this.fn = fn;
    this.retry = retry;
    this.beganMs = host.env.clock.monotonic();
  }

  begin(): void {
    const { attempt } = this.scope;
    if (attempt.ended) return;
    this.tries++;
    let result: unknown;
    try {
      result = runInScope(
        this.scope.inStep(),
        this.fn,
        new StepArgument(attempt, this.step.key, this.tries),
        undefined,
      );
    } catch (thrown) {
      this.threw(thrown);
      return;
    }
    if (!isThenable(result)) {
      this.gave(result);
      return;
    }
    attempt.functionsRunning++;
    this.host.touch(attempt);
    result.then(
      (value) => {
        attempt.functionsRunning--;
        this.gave(value);
      },
      (thrown: unknown) => {
        attempt.functionsRunning--;
        this.threw(thrown);
      },
    );
  }

  private gave(value: unknown): void {
    let text: string;
    try {
      text = encodeValue(value, 'result');
    } catch (error) {
      this.report(0, encodeError(error));
      return;
    }
    this.report(1, text);
  }

  private threw(thrown: unknown): void {
    const { attempt } = this.scope;
    if (attempt.ended) return;
    const policy = this.policy();
    if (isFinalError(thrown) || this.tries >= policy.attempts) {
      this.report(0, encodeError(thrown));
      return;
    }
    const delayMs = backoffMs(this.tries, policy, this.host.env.random.fraction());
    pauseBetweenTries(this.host, attempt, delayMs, () => this.begin());
  }

  /** Its own policy over the task's; most functions never need one. */
  private policy(): RetryPolicy {
    const policy = policyOfAttempt(this.host, this.scope.attempt);
    return this.retry === undefined ? policy : retryPolicyOf(this.retry, policy);
  }

  private report(ok: number, text: string): void {
    const { host, step } = this;
    const { attempt } = this.scope;
    if (attempt.ended) return;
    attempt.recordsOpen++;
    const tookMs = Math.round(host.env.clock.monotonic() - this.beganMs);
    host.send(attempt, fromExecutor.stepRun, step.key, step.fingerprint, ok, text, tookMs);
    this.host.touch(attempt);
  }
}
