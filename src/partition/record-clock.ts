/**
 * The time that a leader gives its steps (scenario T8). Record time never goes back, so it may be ahead of the leader's clock:
 * an earlier leader's clock was wrong, or this one was set back. It must not stand still until the clock has caught up, or
 * what is due in a second would be due in an hour. So it goes on by the monotonic clock, a little slower, until it has.
 */
import type { Clock } from '../platform/env.ts';

/** How fast record time goes while it is ahead: what is due comes a ninth later, and an hour is made good in ten. */
const rateAhead = 0.9;

export class RecordClock {
  readonly #clock: Clock;
  /** Where record time stood, and the monotonic time, when it was first found ahead. */
  #baseTime = 0;
  #baseMonotonic = 0;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970; never before `newest`, the newest record time there is. */
  now(newest: number): number {
    const now = this.#clock.now();
    if (newest <= now) {
      this.#last = now;
      this.#baseTime = now;
      this.#baseMonotonic = this.#clock.monotonic();
      return now;
    }
    const monotonic = this.#clock.monotonic();
    if (newest > this.#last) {
      this.#baseTime = newest;
      this.#baseMonotonic = monotonic;
    }
    this.#last = Math.max(newest, Math.floor(this.#baseTime + (monotonic - this.#baseMonotonic) * rateAhead));
    return this.#last;
  }
}
