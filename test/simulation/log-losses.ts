/**
 * Logs that lose acknowledged records at their end (scenario P4: a damaged server's minority won), and logs that are made anew under
 * their name (P10). The laws promise that a minority may fail, so a loss strikes only when two nodes have copies of all of it,
 * nothing else is the matter then, and nothing else strikes until the log is whole again. In a cluster those two are members whom
 * every node knows as such: nobody else is asked for copies.
 */
import { takesPart } from '../../src/cluster/cluster-map.ts';
import type { LogService, LostRecords } from '../../src/engine/simulated/log-service.ts';
import type { NodeProgram, SimNode } from './node.ts';
import { calm, type Fault, type PlannedFault } from './plan.ts';
import type { World } from './world.ts';

type Loss = Extract<Fault, { readonly kind: 'logTail' | 'logAnew' }>;

/** What is still under way from faults that have ended is through by then. */
const quietBeforeMs = 8_000;
/** What an outage held up is through. */
const aftermathMs = 2_000;
const lookEveryMs = 5;
const looksMax = 400;
/** Reports that were begun while a log was another one. */
const reportsMs = 2_000;
/** Whoever has no copies may take a wrong log for the right one, and begins anew: no majority of a cluster is to. */
const anewNodesMax = 5;
/** What must not be under way when a loss strikes. */
const hinders: readonly Fault['kind'][] = [
  'cut',
  'isolate',
  'network',
  'log',
  'logLeader',
  'fullDisk',
  'crash',
  'stall',
  'drain',
  'die',
  'flap',
];

const isLoss = (fault: Fault): fault is Loss => fault.kind === 'logTail' || fault.kind === 'logAnew';

type Active = {
  readonly partition: number;
  readonly anew: boolean;
  /** Where the log ended. */
  readonly end: number;
  readonly lost: LostRecords;
  /** The leader, which lost its disk. */
  readonly killed: SimNode | undefined;
  /** Nodes that have copies. */
  readonly holders: readonly SimNode[];
};

/** Without a cluster all nodes are. */
const isMemberFor = (program: NodeProgram | undefined, name: string): boolean =>
  program?.cluster === undefined ||
  program.cluster.map?.members.some((member) => member.id === name && takesPart(member)) === true;

export class LogLosses {
  readonly #world: World;
  readonly #planned: readonly PlannedFault[];
  #active: Active | undefined;
  #strange: { readonly partition: number; readonly untilMs: number } | undefined;

  constructor(world: World) {
    this.#world = world;
    this.#planned = world.plan.faults.filter(({ fault }) => isLoss(fault));
  }

  /** A log is not whole. */
  get active(): boolean {
    return this.#active !== undefined;
  }

  /** Whether a fault must not strike now, because a loss is about to, or has. */
  forbids(fault: Fault): boolean {
    if (this.#active !== undefined) return fault.kind !== 'clock';
    if (isLoss(fault) || !hinders.includes(fault.kind)) return false;
    const { nowMs } = this.#world.simulation;
    const quietMs = fault.kind === 'logLeader' ? Math.max(quietBeforeMs, fault.forMs + aftermathMs) : quietBeforeMs;
    return this.#planned.some(({ atMs }) => atMs - quietMs <= nowMs && nowMs <= atMs + lookEveryMs * looksMax);
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
    if (!this.#world.damage.active && this.#canBear(fault)) this.#lose(fault);
    else if (looks > 0)
      this.#world.simulation.after(lookEveryMs, undefined, 'loss', () => this.strike(fault, looks - 1));
  }

  /** Nodes that run and have copies of what a fault would take, and are asked for them by whoever claims. */
  #holders({ partition, records }: Loss): readonly SimNode[] {
    const { nodes, logs } = this.#world;
    const log = logs[partition] as LogService;
    const up = nodes.filter(({ program }) => program !== undefined);
    return up.filter(({ name, disk }) => {
      const { start, end } = disk.copies(partition);
      const has = end >= log.end && start > 0 && start <= Math.max(log.start, log.end - records) + 1;
      return has && up.every(({ program }) => isMemberFor(program, name));
    });
  }

  #canBear(fault: Loss): boolean {
    const { nodes, logs, plan, cluster } = this.#world;
    const { partition } = fault;
    const log = logs[partition] as LogService;
    const up = nodes.filter(({ program }) => program !== undefined);
    const holders = this.#holders(fault);
    const leader = this.#world.leaderOf(partition);
    if (leader === undefined || log.end - log.start < 3 || nodes.some(({ disk }) => disk.full)) return false;
    // What a leader has not seen is a deposed one's and counts for nothing, so it may write there; whoever saw it knows better.
    if (leader.disk.copies(partition).end < log.end) return false;
    // Who is about to claim may have asked before: that is another fault at the same time.
    if (up.some((node) => node !== leader && node.program?.busyWith(partition) === true)) return false;
    if (holders.length < 2 || cluster?.restless === true) return false;
    if (fault.kind === 'logTail') return true;
    if (cluster !== undefined) return nodes.length <= anewNodesMax && 2 * holders.length >= nodes.length;
    // A node that knows nothing of the partition would take what stands in the wrong log for its first records.
    return (
      up.length === nodes.length && plan.followers?.[partition]?.length === up.length && holders.length === up.length
    );
  }

  #lose(fault: Loss): void {
    const { partition } = fault;
    const log = this.#world.logs[partition] as LogService;
    const { end } = log;
    const holders = this.#holders(fault);
    const anew = fault.kind === 'logAnew';
    const lost = anew ? log.makeAnew(fault.stray) : log.loseTail(fault.records);
    const killed = fault.killsLeader ? this.#world.leaderOf(partition) : undefined;
    this.#active = { partition, anew, end, lost, killed, holders };
    this.#world.count(anew ? 'log made anew' : 'tail lost');
    this.#world.tell('loss', `partition ${partition} ended at ${end}, ends at ${log.end}`);
    log.faults = fault.faults;
    killed?.end('lost');
    if (fault.kind === 'logTail') return;
    this.#world.simulation.after(100, undefined, 'start', () => killed?.start());
    this.#strange = { partition, untilMs: this.#world.simulation.nowMs + fault.forMs + reportsMs };
    this.#world.simulation.after(fault.forMs, undefined, 'heal anew', () => this.#putRight());
  }

  /** Somebody finds the right log. */
  #putRight(): void {
    const active = this.#active;
    if (active === undefined || !active.anew) return;
    // What they have read of the wrong log is of no use.
    for (const node of this.#world.nodes)
      if (node === active.killed || (this.#world.cluster !== undefined && !active.holders.includes(node)))
        node.end('lost');
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
