/** Of the attempts that hold a slot, the one whose time is up first. */

import type { Attempt } from './attempt.ts';

export class Deadlines {
  private readonly timed = new Set<Attempt>();
  private readonly changed: (earliest: Attempt | undefined) => void;

  /** `changed` gets the attempt that must be through first whenever it may be another. */
  constructor(changed: (earliest: Attempt | undefined) => void) {
    this.changed = changed;
  }

  /** The attempt has `limitMs` from now (0: as long as it likes). */
  set(attempt: Attempt, nowMs: number, limitMs: number): void {
    attempt.limitMs = limitMs;
    attempt.deadlineMs = limitMs > 0 ? nowMs + limitMs : 0;
    if (limitMs > 0) this.timed.add(attempt);
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
    let earliest: Attempt | undefined;
    for (const attempt of this.timed) {
      if (attempt.phase !== 'running') continue;
      if (earliest === undefined || attempt.deadlineMs < earliest.deadlineMs) earliest = attempt;
    }
    this.changed(earliest);
  }
}
