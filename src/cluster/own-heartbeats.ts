/** When a node says how it is: what others act on at once, and all of it when the last time is long enough ago. */
import { type Heartbeat, newsOf } from './heartbeat.ts';

export class OwnHeartbeats {
  readonly #everyMs: number;
  #news = '';
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** When the next one is due though there is no news. */
  get dueMs(): number {
    return this.#saidMs + this.#everyMs;
  }

  /** Returns whether this one is to be said now; then it counts as said. */
  say(heartbeat: Heartbeat, nowMs: number): boolean {
    const news = newsOf(heartbeat);
    if (news === this.#news && nowMs < this.dueMs) return false;
    this.#news = news;
    this.#saidMs = nowMs;
    return true;
  }
}
