/**
 * A run of a node in whose name the map shows a later joining than its own. That is another process of its name, for which it
 * steps aside; or an earlier run of it, of a map that was put back (K1), and then it joins again. Their heartbeats tell: another
 * process goes on to be heard. One heartbeat alone may be a late one of a run that has ended.
 */
import type { ClusterTimes } from './cluster-times.ts';

export class Rival {
  readonly #times: ClusterTimes;
  #incarnation: number | undefined;
  #sinceMs = 0;
  #heardMs: number | undefined;

  constructor(times: ClusterTimes) {
    this.#times = times;
  }

  /** The map names a run of this incarnation; undefined: no other one. */
  named(incarnation: number | undefined, nowMs: number): void {
    if (incarnation === this.#incarnation) return;
    this.#incarnation = incarnation;
    this.#sinceMs = nowMs;
    this.#heardMs = undefined;
  }

  /** A heartbeat came in the node's own name. Returns whether another process is there. */
  heard(incarnation: number, nowMs: number): boolean {
    if (incarnation !== this.#incarnation) return false;
    this.#heardMs ??= nowMs;
    return nowMs - this.#heardMs >= this.#times.heartbeatMs / 2;
  }

  /** When nothing is there that would not have been heard by then. */
  get silentMs(): number {
    return this.#incarnation === undefined ? Number.NEGATIVE_INFINITY : this.#sinceMs + this.#times.heartbeatMissedMs;
  }
}
