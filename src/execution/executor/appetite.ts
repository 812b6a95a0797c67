/**
 * How much work an executor asks for: enough that it never idles for a round trip, not so much that it hoards what others
 * could do. Short tasks are fetched ahead (about `aheadMs` of work), long ones when there is room.
 */

const aheadMs = 20;
const aheadMax = 1_024;
/** Up to this mean time one task is fetched ahead: a round trip would cost more than it may wait. */
const oneAheadMs = 250;

export class Appetite {
  /** Mean time that a task holds its slot; undefined: nothing measured yet. */
  private meanMs: number | undefined = undefined;
  private readonly meanByName = new Map<string, number>();
  /** Whether the last task entered kept the thread to itself for long: then more slots bring nothing. */
  blocking = false;

  /** A task (or chunk) of this name is through, after `ms` in its slot. */
  measured(name: string, ms: number): void {
    this.meanMs = this.meanMs === undefined ? ms : this.meanMs + (ms - this.meanMs) * 0.1;
    const mean = this.meanByName.get(name);
    this.meanByName.set(name, mean === undefined ? ms : mean + (ms - mean) * 0.2);
  }

  /** Whether tasks of this name are known to be through within `ms`. */
  isShort(name: string, ms: number): boolean {
    const mean = this.meanByName.get(name);
    return mean !== undefined && mean < ms;
  }

  /** How many unstarted tasks are good to have, with `running` of `slots` in use; `crowded`: a second one would not start. */
  target(slots: number, running: number, crowded: boolean): number {
    let room: number;
    if (running > 0) room = crowded || this.blocking ? 0 : Math.max(0, slots - running);
    else room = this.blocking ? 1 : slots;
    if (this.meanMs === undefined) return room;
    if (this.meanMs > oneAheadMs) return room;
    const inTurn = aheadMs / this.meanMs;
    // Tasks that wait end side by side: while one round trip lasts, as many slots become free.
    const sideBySide = this.blocking ? 0 : Math.min(slots, inTurn * slots);
    return Math.max(room, Math.min(aheadMax, Math.max(1, Math.floor(Math.max(inTurn, sideBySide)))));
  }
}
