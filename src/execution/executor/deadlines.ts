/** The earliest deadline among the attempts that hold a slot. */

import type { Attempt } from './attempt.ts';

export class Deadlines {
  private readonly timed = new Set<Attempt>();
  private readonly changed: (earliestMs: number) => void;

  /** `changed` gets the earliest deadline (0: none) whenever it may be another. */
  constructor(changed: (earliestMs: number) => void) {
    this.changed = changed;
  }

  /** The attempt must be through by then (0: never); on the monotonic clock. */
  set(attempt: Attempt, deadlineMs: number): void {
    attempt.deadlineMs = deadlineMs;
    if (deadlineMs > 0) this.timed.add(attempt);
    else this.timed.delete(attempt);
    this.look();
  }

  /** The attempt came to a slot, or left it, or ended. */
  moved(attempt: Attempt): void {
    if (attempt.deadlineMs === 0) return;
    if (attempt.ended) this.timed.delete(attempt);
    this.look();
  }

  private look(): void {
    let earliest = 0;
    for (const { phase, deadlineMs } of this.timed) {
      if (phase === 'running' && (earliest === 0 || deadlineMs < earliest)) earliest = deadlineMs;
    }
    this.changed(earliest);
  }
}
