/**
 * Whether the server that this node's messages go through is cut off from those of all other nodes: their processes are there, for the
 * connections to them stand (`life-lines.ts`), and nothing is heard that they say over the servers. A server that is cut off and led may
 * answer questions for twenty seconds more, so that by answers alone (`server-reach.ts`) it is found out much later.
 *
 * - S1: it takes all of them. Where one is heard, it may be the others' server that is cut off.
 * - S2: they may all stand still, or each be cut off for itself. So each further time is waited for twice as long, up to a bound.
 *
 * Pure: it is told who is heard, and says when to go to another server.
 */
import { limits } from '../limits.ts';

export class ServerDoubt {
  #aloneSinceMs: number | undefined;
  #left = 0;

  /** `heard`: of each process that is there, whether it is heard. Returns whether it is time to go to another server. */
  look(heard: readonly boolean[], nowMs: number): boolean {
    if (heard.includes(true)) this.#left = 0;
    if (heard.length === 0 || heard.includes(true)) {
      this.#aloneSinceMs = undefined;
      return false;
    }
    this.#aloneSinceMs ??= nowMs;
    if (nowMs - this.#aloneSinceMs < Math.min(limits.natsDeafMaxMs, limits.natsAloneMs * 2 ** this.#left)) return false;
    this.#aloneSinceMs = nowMs;
    this.#left++;
    return true;
  }
}
