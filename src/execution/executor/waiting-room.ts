/**
 * Attempts that wait for steps and nothing else, the longest first. Those that wait longer than `waitingParkMs`, and the
 * longest where there are more than `waitingTasksPerExecutorMax`, are parked: dropped from memory, replayed when their step
 * has its result.
 */

import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';
import type { Attempt } from './attempt.ts';
import { inRootContext } from './scope.ts';

export class WaitingRoom {
  private readonly env: Env;
  private readonly park: (attempt: Attempt) => void;
  private readonly attempts = new Set<Attempt>();
  private timer = false;

  constructor(env: Env, park: (attempt: Attempt) => void) {
    this.env = env;
    this.park = park;
  }

  get size(): number {
    return this.attempts.size;
  }

  enter(attempt: Attempt): void {
    if (this.attempts.has(attempt)) return;
    this.attempts.add(attempt);
    attempt.sinceMs = this.env.clock.monotonic();
    if (this.attempts.size > limits.waitingTasksPerExecutorMax) this.parkLongest();
    this.arm();
  }

  leave(attempt: Attempt): void {
    this.attempts.delete(attempt);
  }

  /** It was given something to do (a chunk to hand over): it begins to wait anew. */
  refresh(attempt: Attempt): void {
    if (!this.attempts.delete(attempt)) return;
    this.attempts.add(attempt);
    attempt.sinceMs = this.env.clock.monotonic();
  }

  private parkLongest(): void {
    for (const attempt of this.attempts) {
      if (!isParkable(attempt)) continue;
      this.attempts.delete(attempt);
      this.park(attempt);
      return;
    }
  }

  private arm(): void {
    const [longest] = this.attempts;
    if (this.timer || longest === undefined) return;
    this.timer = true;
    const dueMs = longest.sinceMs + limits.waitingParkMs - this.env.clock.monotonic();
    this.env.timers.after(
      Math.max(dueMs, 1),
      inRootContext(() => {
        this.timer = false;
        this.parkDue();
        this.arm();
      }),
    );
  }

  private parkDue(): void {
    const nowMs = this.env.clock.monotonic();
    for (const attempt of [...this.attempts]) {
      if (nowMs - attempt.sinceMs < limits.waitingParkMs) return;
      if (isParkable(attempt)) {
        this.attempts.delete(attempt);
        this.park(attempt);
      } else this.refresh(attempt);
    }
  }
}

/** Whether the leader knows everything it waits for, so that nothing is lost with this memory. */
const isParkable = (attempt: Attempt): boolean => {
  if (attempt.functionsRunning + attempt.pausesOpen + attempt.recordsOpen > 0) return false;
  if (attempt.maps !== undefined) for (const map of attempt.maps.values()) if (map.holdsItems) return false;
  return true;
};
