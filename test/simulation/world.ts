/** A cluster in a simulated world: logs, blobs, network and nodes, the faults of a plan, and the verdict. */
import { LogService } from '../../src/engine/simulated/log-service.ts';
import { Network } from '../../src/engine/simulated/network.ts';
import { worldBeganMs } from '../../src/engine/simulated/place.ts';
import { BlobService } from '../../src/engine/simulated/simulated-blobs.ts';
import { BusService } from '../../src/engine/simulated/simulated-bus.ts';
import { type Life, Simulation } from '../../src/engine/simulated/simulation.ts';
import type { DiskEnd } from '../../src/testing/simulated-disk.ts';
import { enterWorld } from '../../src/testing/virtual-globals.ts';
import { laggingStandby } from './checkers/replicas.ts';
import { type BlobView, whyNotRestorable } from './checkers/restorable.ts';
import { ClusterWorld } from './cluster/cluster-world.ts';
import { LogLosses } from './log-losses.ts';
import { SimNode, type StartProgram } from './node.ts';
import { calm, type Plan } from './plan.ts';
import { RowDamage } from './row-damage.ts';
import { Strikes } from './strikes.ts';
import { supervise } from './supervisor.ts';
import type { Trace } from './trace/trace.ts';
import { Violation } from './violation.ts';

/** How long the news of a closed connection is under way. */
const closedAfterMs = 1;
/** After the faults, a task that ends its process each time does so at most so often before it is ended (T3): twice its attempts. */
const poisonedMax = 8;
/** When a process that ended by itself is started again. */
const restartMs = 200;
const storyLinesMax = 100;
/** After the faults, everything must be through within this. */
export const calmMs = 60_000;

/** It returns `through` if nothing goes on after it. */
type ClientReceives = (message: unknown) => unknown;

export class World {
  readonly plan: Plan;
  readonly simulation: Simulation;
  readonly network: Network;
  readonly logs: LogService[] = [];
  /** Every record that ever landed in each log, in order: no trim takes it from here. */
  readonly landed: Uint8Array[][] = [];
  readonly blobs = new BlobService();
  readonly bus = new BusService();
  readonly nodes: SimNode[] = [];
  /** Undefined: nodes are told what to claim. */
  readonly cluster: ClusterWorld | undefined;
  /** How often each thing came about. */
  readonly counts = new Map<string, number>();
  /** What a person may want to see of it; undefined: nobody looks on. */
  readonly trace: Trace | undefined;
  /** Lines for a person, newest last. */
  readonly story: string[] = [];
  readonly certainlyLost: { readonly partition: number; readonly epoch: number; readonly acknowledged: number }[] = [];
  /** Of each partition, the versions that its leaders have given out. */
  readonly #versions: Set<number>[] = [];
  readonly #clients = new Map<string, ClientReceives>();
  readonly losses: LogLosses;
  readonly damage = new RowDamage(this);
  readonly strikes: Strikes;
  faultsOver = false;
  #poisoned = 0;
  /** When the last process ended, for whatever reason. */
  endedMs = 0;
  #highestEpoch: number[] = [];
  /** Who led each partition in that epoch. */
  readonly #newestLeader: (Life | undefined)[] = [];

  constructor(plan: Plan, start: StartProgram, trace?: Trace) {
    this.plan = plan;
    this.simulation = new Simulation(plan.seed);
    this.trace = trace;
    trace?.watch(this.simulation);
    this.network = new Network(this.simulation);
    this.cluster = plan.cluster === undefined ? undefined : new ClusterWorld(this, plan.cluster);
    this.losses = new LogLosses(this);
    this.strikes = new Strikes(this);
    for (let partition = 0; partition < plan.partitions; partition++) {
      const log = new LogService(this.simulation, `${partition}`);
      const landed: Uint8Array[] = [];
      log.onLanded = (position, bytes) => {
        this.losses.landed(partition, position, bytes, landed[position - 1]);
        landed[position - 1] = bytes;
      };
      log.onTrimmed = () => this.checkRestorable(partition, log.start, this.blobs);
      this.logs.push(log);
      this.landed.push(landed);
    }
    this.blobs.onDeleted = (name) => {
      const partition = Number(name.split('/')[1]);
      this.checkRestorable(partition, (this.logs[partition] as LogService).start, this.blobs);
    };
    for (let number = 0; number < plan.nodes; number++) this.nodes.push(new SimNode(this, `n${number}`, start));
    const random = this.simulation.random('globals');
    enterWorld({
      simulation: this.simulation,
      now: () => worldBeganMs + this.simulation.nowMs,
      random,
      refuse: (call) => new Error(`${call} has no place in a simulated world: what it gives differs from run to run.`),
    });
  }

  begin(): void {
    if (this.cluster === undefined) this.startAll();
    else this.cluster.begin();
    for (const { atMs, fault } of this.plan.faults)
      this.simulation.after(atMs, undefined, 'fault', () => this.strikes.strike(fault));
    this.simulation.after(this.plan.busyMs, undefined, 'calm', () => this.#endFaults());
    if (this.cluster === undefined) supervise(this);
  }

  // --- Faults

  /** The node whose code runs now ends with its process. */
  crashCurrent(): void {
    const at = this.simulation.current?.name.split('.')[0];
    const node = this.nodes.find(({ name }) => name === at);
    if (node === undefined) return;
    const { life } = node;
    this.count('process ended by a task');
    if (this.faultsOver && ++this.#poisoned > poisonedMax)
      this.violated('blame', `a task has ended its process ${this.#poisoned} times since the last fault`);
    const end = (): void => {
      // It would be another fault at the same time: until then the task hangs.
      if (this.losses.active) this.simulation.after(restartMs, life, 'poisoned', end);
      else this.crash(node, 'kill', restartMs);
    };
    this.simulation.after(0, undefined, 'poisoned', end);
  }

  /** It ends, and starts again after a while. */
  crash(node: SimNode, how: DiskEnd, downMs: number): void {
    this.endNode(node, how);
    this.simulation.after(downMs, undefined, 'heal start', () => node.start());
  }

  /** Of a process that ends the others are told, by an operating system that closes its connections; of a machine nobody is. */
  endNode(node: SimNode, how: DiskEnd): void {
    const ended = node.life?.name;
    node.end(how);
    this.endedMs = this.simulation.nowMs;
    if (ended === undefined || how !== 'kill') return;
    for (const { life, name, program } of this.nodes)
      if (life !== undefined && !this.network.isIsolated(name))
        this.simulation.after(closedAfterMs, life, 'closed', () => program?.nodeEnded(ended));
  }

  #endFaults(): void {
    this.faultsOver = true;
    this.losses.endFaults();
    this.damage.endFaults();
    this.tell('calm', '');
    this.network.faults = calm.network;
    this.network.healAll();
    for (const log of this.logs) {
      log.faults = calm.log;
      log.electsLeader();
    }
    this.cluster?.endFaults();
    for (const node of this.nodes) {
      node.disk.full = false;
      node.drive.calm();
      // Damage is seen by the next start at the latest.
      if (node.drive.flipped !== undefined) node.end('kill');
    }
    this.startAll();
  }

  /** Every node that is down comes back. */
  startAll(): void {
    for (const node of this.nodes) node.start();
  }

  /** The newest epoch of a partition that anybody led in; 0: none. */
  newestEpoch(partition: number): number {
    return this.#highestEpoch[partition] ?? 0;
  }

  /** The node that leads a partition in its newest epoch. One that was deposed may not know it yet. */
  leaderOf(partition: number): SimNode | undefined {
    const newest = this.newestEpoch(partition);
    return newest === 0 ? undefined : this.nodes.find(({ program }) => program?.epoch(partition) === newest);
  }

  /** Every partition has a leader that has nothing under way, and standbys that have applied all of its log. */
  settled(): boolean {
    return (
      this.faultsOver &&
      this.cluster?.unrest() === undefined &&
      laggingStandby(this) === undefined &&
      this.landed.every((_, partition) => {
        const program = this.leaderOf(partition)?.program;
        return program !== undefined && program.underWay(partition) === undefined;
      })
    );
  }

  /** What keeps it from being settled. */
  unsettled(): string {
    const lagging = laggingStandby(this);
    return this.landed
      .map((_, partition) => {
        const leader = this.leaderOf(partition);
        if (leader === undefined) return `partition ${partition} has no leader`;
        return `${leader.name} leads partition ${partition}: ${leader.program?.underWay(partition) ?? 'all is through'}`;
      })
      .concat(lagging ?? [], this.cluster?.unrest() ?? [])
      .join('; ');
  }

  // --- Messages

  /** A client, or whoever has an end of the network that does not die. */
  addClient(end: string, receive: ClientReceives): void {
    this.#clients.set(end, receive);
  }

  sendToClient(from: string, to: string, message: unknown): void {
    this.network.send(from, to, undefined, 'to client', JSON.stringify(message), (text) =>
      this.#clients.get(to)?.(JSON.parse(text)),
    );
  }

  sendToNode(from: string, node: SimNode, message: unknown): void {
    const { life } = node;
    if (life === undefined) return;
    this.network.send(from, node.name, life, 'to node', JSON.stringify(message), (text) =>
      node.program?.receive(from, JSON.parse(text)),
    );
  }

  // --- What happened

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  tell(kind: string, detail: string): void {
    this.simulation.tell(kind, detail);
    if (this.story.length >= 2 * storyLinesMax) this.story.splice(0, storyLinesMax);
    this.story.push(
      `${this.simulation.nowMs.toFixed(3).padStart(12)} ${(this.simulation.current?.name ?? '').padEnd(6)} ${kind} ${detail}`,
    );
  }

  /** A node says that it leads. */
  leads(end: string, partition: number, epoch: number): void {
    this.tell('leads', `partition ${partition} at ${end}, epoch ${epoch}`);
    this.count('leader change');
    this.trace?.leads(end, partition, epoch);
    this.damage.leads(end, partition);
    if (epoch > this.newestEpoch(partition)) this.#newestLeader[partition] = this.simulation.current;
    // One may learn that it leads after another has taken over.
    this.#highestEpoch[partition] = Math.max(epoch, this.newestEpoch(partition));
  }

  /** Whether the last leader's process has ended. */
  leaderEnded(partition: number): boolean {
    return this.#newestLeader[partition]?.alive === false;
  }

  /** A leader was told that nothing of its epoch above `acknowledged` was or will be applied. */
  lostCertainly(partition: number, epoch: number, acknowledged: number): void {
    this.certainlyLost.push({ partition, epoch, acknowledged });
  }

  /** A leader gave out a version: nobody does so again, whatever becomes of the record that it was for (P7). */
  gaveVersion(partition: number, version: number): void {
    const given = this.#versions[partition] ?? new Set();
    this.#versions[partition] = given;
    if (given.has(version)) this.violated('versions', `partition ${partition}: ${version} was given out twice`);
    given.add(version);
  }

  /** Something was taken away, of a log that begins at `logStart` now or of the blobs. */
  checkRestorable(partition: number, logStart: number, blobs: BlobView): void {
    const why = whyNotRestorable(partition, logStart, blobs);
    if (why !== undefined) this.violated('restorable', why);
  }

  partitionFailed(end: string, partition: number, error: unknown): void {
    const code = (error as { code?: unknown }).code;
    this.tell('failed', `partition ${partition} at ${end}: ${String(error)}`);
    this.count(code === 'LOG_TRIMMED' ? 'log trimmed under a reader' : `failed ${String(code)}`);
    if (this.#nodeAt(end).drive.explains(error)) {
      this.exited(end, error);
      return;
    }
    // A full disk, and a log trimmed while it is read, are reasons to begin again. Nothing may be taken for damage, and
    // nothing else may go wrong: the faults of this world leave every log whole.
    if (
      code !== 'STORE_FULL' &&
      code !== 'LOG_TRIMMED' &&
      !this.losses.excuses(partition, code) &&
      !this.damage.explains(end, partition, code)
    )
      this.violated('no damage', `${end}, partition ${partition}: ${(error as Error).stack}`);
  }

  /** A process ends because its own files fail it: it is started again, from a backup where something was damaged. */
  exited(end: string, error: unknown): void {
    const node = this.#nodeAt(end);
    const code = (error as { code?: unknown }).code;
    this.tell('exits', `${end}: ${String(error)}`);
    this.count(`exits ${String(code)}`);
    const isTold = node.drive.explains(error);
    if (!isTold && code !== 'EIO' && code !== 'ENOSPC') this.violated('no damage', `${end}: ${(error as Error).stack}`);
    node.end('kill');
    if (isTold) node.drive.repair();
    this.simulation.after(restartMs, undefined, 'start again', () => node.start());
  }

  #nodeAt(end: string): SimNode {
    return this.nodes.find(({ name }) => name === end) as SimNode;
  }

  /** A law was broken: the run ends. */
  violated(law: string, what: string): void {
    this.tell('VIOLATED', `${law}: ${what}`);
    this.simulation.fail(new Violation(law, what));
  }
}
