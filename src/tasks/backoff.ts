/**
 * Pauses between attempts: of tasks, of steps, of items of a map.
 */

import type { RetryPolicy } from '../app/policy.ts';

/**
 * Exponential backoff with full jitter: uniform in (0, first × factor^(failed − 1)], at most `backoffMaxMs`; at least 1 ms
 * where there is a pause at all. `failed` attempts have failed; `fraction` is drawn from [0, 1).
 */
export const backoffMs = (failed: number, policy: RetryPolicy, fraction: number): number => {
  let ceiling = policy.backoffFirstMs;
  for (let n = 1; n < failed && ceiling < policy.backoffMaxMs && policy.backoffFactor > 1; n++)
    ceiling *= policy.backoffFactor;
  ceiling = Math.min(ceiling, policy.backoffMaxMs);
  return ceiling === 0 ? 0 : Math.max(1, Math.round(ceiling * (1 - fraction)));
};
