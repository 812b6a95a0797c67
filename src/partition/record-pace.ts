/**
 * How long a leader waits before its next record, so that more callers share one: each record on a shared log costs servers,
 * standbys and the leader more than what is in it. As with PostgreSQL's `commit_delay` and `commit_siblings`, nobody waits for company that does
 * not come: only where records carry several callers' answers, and many a second.
 */
import { limits } from '../limits.ts';

/** Of the last records about so many count. */
const memory = 8;
const aloneMs = 1_000;

export class RecordPace {
  #sentMs = Number.NEGATIVE_INFINITY;
  #meanMs = aloneMs;
  #meanOutputs = 0;

  /** A record goes out on which so many outputs wait. Returns the ms in which no other one should. */
  sent(outputs: number, nowMs: number): number {
    const ms = Math.min(aloneMs, nowMs - this.#sentMs);
    this.#sentMs = nowMs;
    this.#meanMs += (ms - this.#meanMs) / memory;
    this.#meanOutputs += (outputs - this.#meanOutputs) / memory;
    const busy =
      this.#meanOutputs >= limits.recordPauseOutputs &&
      this.#meanOutputs >= limits.recordPauseOutputsPerMs * this.#meanMs;
    return busy ? limits.recordPauseMs : 0;
  }
}
