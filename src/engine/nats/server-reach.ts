/**
 * Whether the server that one connection has still reaches those who lead. One that is cut off from the other servers answers pings and
 * reads all the same, and whoever is connected to it waits for the rest as long as that lasts. So a connection on which nothing was
 * answered for a while that needs a leader is given up for one to another server.
 *
 * - D1: nothing but a leader's answer counts as one. An election leaves requests unanswered as well, so it is waited for longer than
 *   that takes.
 * - D2: where the next two servers answer no better, there may be no leader anywhere: each is given twice as long as the one before, up
 *   to a bound.
 *
 * Pure: it is told what came of requests, and says when to go.
 */
import { limits } from '../../limits.ts';

export class ServerReach {
  #silentSinceMs: number | undefined;
  #left = 0;
  #answeredMs = Number.NEGATIVE_INFINITY;

  /** A leader answered. */
  answered(nowMs: number): void {
    this.#silentSinceMs = undefined;
    this.#left = 0;
    this.#answeredMs = nowMs;
  }

  /** No leader answered a request that was sent at `sentMs`. Returns whether it is time to go to another server. */
  unanswered(sentMs: number, nowMs: number): boolean {
    // What was sent before tells nothing new.
    if (sentMs < this.#answeredMs) return false;
    this.#silentSinceMs ??= sentMs;
    return this.isTooLong(nowMs);
  }

  /** What was not answered has not been for so long that it is time to go to another server. */
  isTooLong(nowMs: number): boolean {
    if (this.#silentSinceMs === undefined || nowMs - this.#silentSinceMs < this.#patienceMs) return false;
    this.#silentSinceMs = undefined;
    this.#left++;
    return true;
  }

  get #patienceMs(): number {
    return Math.min(limits.natsDeafMaxMs, limits.natsDeafMs * 2 ** Math.max(0, this.#left - 2));
  }

  /** The connection broke: the next one may be to another server. */
  broke(): void {
    this.#silentSinceMs = undefined;
  }

  /** Nothing was answered lately, so it is to be asked. */
  isDue(nowMs: number): boolean {
    return nowMs - this.#answeredMs >= limits.natsProbeMs;
  }
}
