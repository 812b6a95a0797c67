/**
 * Logs that lose acknowledged records at their end (scenario P4: a damaged server's minority won), and logs that are made anew under
 * their name (P10). The laws promise that a minority may fail, so a loss strikes only when two nodes have copies of all of it,
 * nothing else is the matter then, and nothing else strikes until the log is whole again.
 */
import type { LogService, LostRecords } from '../../src/engine/simulated/log-service.ts';
import type { SimNode } from './node.ts';
import { calm, type Fault, type PlannedFault } from './plan.ts';
import type { World } from './world.ts';

type Loss = Extract<Fault, { readonly kind: 'logTail' | 'logAnew' }>;

/** What is still under way from faults that have ended is through by then. */
const quietBeforeMs = 8_000;
const lookEveryMs = 5;
const looksMax = 400;
/** Reports that were begun while a log was another one. */
const reportsMs = 2_000;

const isLoss = (fault: Fault): fault is Loss => fault.kind === 'logTail' || fault.kind === 'logAnew';

type Active = {
  readonly partition: number;
  readonly anew: boolean;
  /** Where the log ended. */
  readonly end: number;
  readonly lost: LostRecords;
  /** A node that knows nothing of the partition since it lost its disk. */
  readonly fresh: SimNode | undefined;
};

export class LogLosses {
  readonly #world: World;
  readonly #planned: readonly PlannedFault[];
  #active: Active | undefined;
  #strange: { readonly partition: number; readonly untilMs: number } | undefined;

  constructor(world: World) {
    this.#world = world;
    this.#planned = world.plan.faults.filter(({ fault }) => isLoss(fault));
  }

  /** Whether a fault must not strike now, because a loss is about to, or has. */
  forbids(fault: Fault): boolean {
    if (this.#active !== undefined) return fault.kind !== 'clock';
    if (isLoss(fault) || !['cut', 'isolate', 'network', 'log', 'fullDisk', 'crash'].includes(fault.kind)) return false;
    const { nowMs } = this.#world.simulation;
    return this.#planned.some(({ atMs }) => atMs - quietBeforeMs <= nowMs && nowMs <= atMs + lookEveryMs * looksMax);
  }

  /** A partition whose log is not the right one is not led, and that is reported. */
  excuses(partition: number, code: unknown): boolean {
    return (
      code === 'LOG_DAMAGED' &&
      this.#strange?.partition === partition &&
      this.#world.simulation.nowMs < this.#strange.untilMs
    );
  }

  strike(fault: Loss, looks = looksMax): void {
    if (this.#world.faultsOver || this.#active !== undefined) return;
    if (this.#canBear(fault)) this.#lose(fault);
    else if (looks > 0)
      this.#world.simulation.after(lookEveryMs, undefined, 'loss', () => this.strike(fault, looks - 1));
  }

  #canBear(fault: Loss): boolean {
    const { nodes, logs, plan } = this.#world;
    const { partition } = fault;
    const log = logs[partition] as LogService;
    const up = nodes.filter(({ program }) => program !== undefined);
    const holders = up.filter(({ disk }) => {
      const { start, end } = disk.copies(partition);
      return end >= log.end && start > 0 && start <= Math.max(log.start, log.end - fault.records) + 1;
    });
    const leader = this.#world.leaderOf(partition);
    if (leader === undefined || log.end - log.start < 3 || nodes.some(({ disk }) => disk.full)) return false;
    // Who is about to claim may have asked before: that is another fault at the same time.
    if (up.some((node) => node !== leader && node.program?.busyWith(partition) === true)) return false;
    if (fault.kind === 'logTail') return holders.length >= 2;
    // A node that knows nothing of the partition would take what stands in the wrong log for its first records.
    return (
      holders.length >= 2 &&
      up.length === nodes.length &&
      plan.followers?.[partition]?.length === up.length &&
      holders.length === up.length
    );
  }

  #lose(fault: Loss): void {
    const { partition } = fault;
    const log = this.#world.logs[partition] as LogService;
    const { end } = log;
    const anew = fault.kind === 'logAnew';
    const lost = anew ? log.makeAnew(fault.stray) : log.loseTail(fault.records);
    const fresh = fault.killsLeader ? this.#world.leaderOf(partition) : undefined;
    this.#active = { partition, anew, end, lost, fresh };
    this.#world.count(anew ? 'log made anew' : 'tail lost');
    this.#world.tell('loss', `partition ${partition} ended at ${end}, ends at ${log.end}`);
    log.faults = fault.faults;
    fresh?.end('lost');
    if (fault.kind === 'logTail') return;
    this.#world.simulation.after(100, undefined, 'start', () => fresh?.start());
    this.#strange = { partition, untilMs: this.#world.simulation.nowMs + fault.forMs + reportsMs };
    this.#world.simulation.after(fault.forMs, undefined, 'heal anew', () => this.#putRight());
  }

  /** Somebody finds the right log. */
  #putRight(): void {
    const active = this.#active;
    if (active === undefined || !active.anew) return;
    // What it has read of the wrong log is of no use.
    active.fresh?.end('lost');
    (this.#world.logs[active.partition] as LogService).putRight(active.lost);
    this.#over(active);
  }

  /** A record landed; `before`: what had landed there first. */
  landed(partition: number, position: number, bytes: Uint8Array, before: Uint8Array | undefined): void {
    const active = this.#active;
    if (active === undefined || active.partition !== partition || position > active.end) return;
    if (before === undefined || Buffer.compare(before, bytes) !== 0)
      this.#world.violated(
        'put back',
        `partition ${partition}: position ${position} held an acknowledged record, and holds another one now`,
      );
    if (position === active.end) this.#over(active);
  }

  #over({ partition, anew }: Active): void {
    this.#active = undefined;
    this.#world.count(anew ? 'log put right' : 'tail put back');
    this.#world.tell('whole', `partition ${partition}`);
    (this.#world.logs[partition] as LogService).faults = calm.log;
    this.#world.startAll();
  }

  endFaults(): void {
    this.#putRight();
  }
}
