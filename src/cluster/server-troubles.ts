/** What the server of the engine beside a node has told of itself lately. It is no state, but happened: it is shown for a while. */
import { limits } from '../limits.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';

export class ServerTroubles {
  readonly #toldMs = new Map<ServerTrouble, number>();

  told(trouble: ServerTrouble, nowMs: number): void {
    this.#toldMs.set(trouble, nowMs);
  }

  /** In the order in which they came. */
  lately(nowMs: number): readonly ServerTrouble[] {
    for (const [trouble, toldMs] of this.#toldMs)
      if (nowMs - toldMs >= limits.clusterFaultKeptMs) this.#toldMs.delete(trouble);
    return [...this.#toldMs.keys()];
  }
}
