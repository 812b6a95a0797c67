/**
 * Whether a node does what it is for, judged by what it does and not by whether its process answers (DESIGN section 7): its canaries
 * come back from its executors, what it appends and reads gets on, and its store takes what is flushed. Pure: it is told what is seen
 * once a tick.
 *
 * - W1: one answer of one executor is enough: others may compute for as long as they like.
 * - W2: of partitions that could get on and do not, the node is to blame only while none at all gets on: else it is their logs' trouble.
 * - W3: who is ailing is well only after nothing was the matter for a while, so that nothing goes back and forth.
 * - W4: a node whose thread stood still as a whole holds the time that it missed against nothing.
 * - W5: an executor that the code of a task keeps from answering owes no canary, and counts as one that answers: such code may compute
 *   for as long as it likes, and it is for its timeout and the hang limit to end it. Once it is kept no more it has the usual time.
 */
import type { Ailment } from '../protocol/cluster-overview.ts';

/** A partition that a node leads, or follows. */
export type PartitionSight = {
  readonly partition: number;
  readonly leads: boolean;
  /** Up to where it has applied. */
  readonly position: number;
  /** Where its leader stands, as is heard; undefined: not known, or it is led here. */
  readonly head: number | undefined;
  /** A checkpoint is being written to the store. */
  readonly flushing: boolean;
};

export type HealthTimes = {
  readonly healthTickMs: number;
  readonly canaryLateMs: number;
  readonly logStandsMs: number;
  readonly storeStandsMs: number;
  readonly wellAgainMs: number;
};

type Known = {
  readonly leads: boolean;
  readonly position: number;
  /** When it got on last; undefined: it never did while it was looked at. */
  movedMs: number | undefined;
  /** Since when it could get on and does not. */
  standsSinceMs: number;
  flushingSinceMs: number | undefined;
};

export class Health {
  readonly #times: HealthTimes;
  readonly #partitions = new Map<number, Known>();
  #lookedMs: number | undefined;
  /** Executors that the code of a task keeps at present. */
  readonly #kept = new Set<number>();
  /** When a canary came back last, or an executor was kept; undefined: there is no executor and never was one. */
  #answeredMs: number | undefined;
  #ailment: Ailment | undefined;
  #fineSinceMs: number | undefined;

  constructor(times: HealthTimes) {
    this.#times = times;
  }

  get ailment(): Ailment | undefined {
    return this.#ailment;
  }

  /** An executor is there: its canaries are waited for from now on. */
  executorCame(nowMs: number): void {
    this.#answeredMs ??= nowMs;
  }

  executorGone(executor: number): void {
    this.#kept.delete(executor);
  }

  /** Whether the code of a task keeps it from answering, whenever that is another than before. */
  executorBusy(executor: number, kept: boolean, nowMs: number): void {
    if (kept) this.#kept.add(executor);
    else if (this.#kept.delete(executor)) this.#answeredMs = nowMs;
  }

  canaryCame(nowMs: number): void {
    this.#answeredMs = nowMs;
  }

  /** To be called once a tick. Returns what ails the node; undefined: nothing. */
  look(partitions: readonly PartitionSight[], nowMs: number): Ailment | undefined {
    const missedMs = nowMs - (this.#lookedMs ?? nowMs) - this.#times.healthTickMs;
    this.#lookedMs = nowMs;
    if (missedMs > this.#times.healthTickMs) this.#shift(missedMs);
    // W5
    if (this.#kept.size > 0) this.#answeredMs = nowMs;
    this.#follow(partitions, nowMs);
    const found = this.#find(nowMs);
    if (found !== undefined) {
      this.#fineSinceMs = undefined;
      this.#ailment = found;
    } else if (this.#ailment !== undefined) {
      this.#fineSinceMs ??= nowMs;
      // W3
      if (nowMs - this.#fineSinceMs >= this.#times.wellAgainMs) this.#ailment = undefined;
    }
    return this.#ailment;
  }

  /** W4 */
  #shift(missedMs: number): void {
    if (this.#answeredMs !== undefined) this.#answeredMs += missedMs;
    for (const known of this.#partitions.values()) {
      known.standsSinceMs += missedMs;
      if (known.movedMs !== undefined) known.movedMs += missedMs;
      if (known.flushingSinceMs !== undefined) known.flushingSinceMs += missedMs;
    }
  }

  #follow(partitions: readonly PartitionSight[], nowMs: number): void {
    for (const number of this.#partitions.keys())
      if (!partitions.some(({ partition }) => partition === number)) this.#partitions.delete(number);
    for (const { partition, leads, position, head, flushing } of partitions) {
      const known = this.#partitions.get(partition);
      const isNew = known === undefined || known.leads !== leads;
      const moves = !isNew && position !== known.position;
      // Who leads proves it by a record now and then, so a leader can always get on.
      const couldGetOn = leads || (head !== undefined && head > position);
      this.#partitions.set(partition, {
        leads,
        position,
        movedMs: moves ? nowMs : known?.movedMs,
        standsSinceMs: isNew || moves || !couldGetOn ? nowMs : known.standsSinceMs,
        flushingSinceMs: flushing ? (known?.flushingSinceMs ?? nowMs) : undefined,
      });
    }
  }

  #find(nowMs: number): Ailment | undefined {
    const { healthTickMs, canaryLateMs, logStandsMs, storeStandsMs } = this.#times;
    // Who is ailing has to answer at once to be well again.
    const lateMs = this.#ailment === 'executors' ? 2 * healthTickMs : canaryLateMs;
    if (this.#answeredMs !== undefined && nowMs - this.#answeredMs > lateMs) return 'executors';
    const all = [...this.#partitions.values()];
    // W2
    const stands = all.some(({ standsSinceMs }) => nowMs - standsSinceMs > logStandsMs);
    if (stands && !all.some(({ movedMs }) => movedMs !== undefined && nowMs - movedMs <= logStandsMs)) return 'log';
    const stuck = all.some(({ flushingSinceMs }) => nowMs - (flushingSinceMs ?? nowMs) > storeStandsMs);
    return stuck ? 'store' : undefined;
  }
}
