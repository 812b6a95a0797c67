/** A node of a simulated world: lives one after the other, each of them a program that starts from what the disk kept. */

import type { ClusterNode } from '../../src/cluster/cluster-node.ts';
import type { Blobs, Bus, Log } from '../../src/engine/engine.ts';
import { type Place, type SkewedClock, simulatedEnv } from '../../src/engine/simulated/place.ts';
import { SimulatedBlobs } from '../../src/engine/simulated/simulated-blobs.ts';
import { SimulatedBus } from '../../src/engine/simulated/simulated-bus.ts';
import { SimulatedLog } from '../../src/engine/simulated/simulated-log.ts';
import { Life } from '../../src/engine/simulated/simulation.ts';
import type { RecordCopies } from '../../src/partition/record-copies.ts';
import type { Env } from '../../src/platform/env.ts';
import type { StoreReader, StoreWriter } from '../../src/store/store.ts';
import { type DiskEnd, SimulatedDisk } from '../../src/testing/simulated-disk.ts';
import type { RowSource } from './checkers/replay.ts';
import { Drive } from './embedded/drive.ts';
import type { World } from './world.ts';

/** What a program has of the world. */
export type NodeContext = {
  readonly world: World;
  readonly place: Place;
  readonly env: Env;
  readonly log: (partition: number) => Log;
  /** The log of cluster maps, and where the node is; undefined: it is told what to claim. */
  readonly member: { readonly mapLog: Log; readonly location: string; readonly weight: number } | undefined;
  readonly blobs: Blobs;
  readonly bus: Bus;
  readonly clock: SkewedClock;
  /** Files of its own, for an engine that stands on them. */
  readonly drive: Drive;
  readonly store: { readonly openReader: () => StoreReader; readonly writer: StoreWriter };
  readonly copies: (partition: number) => RecordCopies;
  /** Sends a message to a client, as JSON over the network. */
  readonly send: (to: string, message: unknown) => void;
};

/** `flushedTo`: the marker of its store. */
export type StandbyState = { readonly position: number; readonly flushedTo: number; readonly rows: RowSource };

/** One life of a node, as the world speaks to it. */
export type NodeProgram = {
  /** Undefined: it is told what to claim. */
  readonly cluster?: ClusterNode | undefined;
  readonly claim: (partition: number) => void;
  /** Gives a partition that it leads to a node; false: it does not lead. */
  readonly handOver?: (partition: number, to: string) => boolean;
  /** What it holds of a partition that it follows. */
  readonly standby?: (partition: number) => StandbyState | undefined;
  /** The epoch in which it leads the partition, as far as it knows; 0: it does not. */
  readonly epoch: (partition: number) => number;
  /** It leads the partition or is about to. */
  readonly busyWith: (partition: number) => boolean;
  readonly receive: (from: string, message: unknown) => void;
  /** The process of another node, named by its life, has ended: its connections were closed. */
  readonly nodeEnded: (node: string) => void;
  /** Something of its own goes wrong, such as an executor that ends; `pick` says which. */
  readonly disturb: (pick: number) => void;
  /** It stands still for a while, or (by `pick`) a part of it. */
  readonly stall: (pick: number, untilMs: number) => void;
  /** A checkpoint of one of its partitions is under way. */
  readonly inCheckpoint: () => boolean;
  /** What of a partition is more than its settings allow; undefined: nothing. */
  readonly beyondBounds?: (partition: number) => string | undefined;
  /** The rows of a partition that it leads. */
  readonly rows: (partition: number) => RowSource | undefined;
  /** What is not through yet in a partition that it leads; undefined: nothing. */
  readonly underWay: (partition: number) => string | undefined;
};

export type StartProgram = (context: NodeContext) => NodeProgram;

export class SimNode {
  readonly name: string;
  /** Its store. */
  readonly disk: SimulatedDisk;
  readonly drive: Drive;
  readonly clock: SkewedClock = { skewMs: 0 };
  life: Life | undefined;
  program: NodeProgram | undefined;
  readonly #world: World;
  readonly #start: StartProgram;
  #lives = 0;
  #ends: ((how: string) => void) | undefined;

  constructor(world: World, name: string, start: StartProgram) {
    this.#world = world;
    this.name = name;
    this.#start = start;
    this.disk = new SimulatedDisk(world.simulation, name);
    this.drive = new Drive(world.simulation, name, {
      crashed: (how, downMs) => {
        this.end(how);
        world.simulation.after(downMs, undefined, 'heal start', () => this.start());
      },
      count: (what) => world.count(what),
      violated: (law, what) => world.violated(law, what),
    });
  }

  get up(): boolean {
    return this.life !== undefined;
  }

  start(): void {
    if (this.life !== undefined || this.#world.cluster?.mayStart(this) === false) return;
    const { simulation, network, logs, blobs, bus } = this.#world;
    const name = `${this.name}.${this.#lives++}`;
    const life = new Life(name);
    this.life = life;
    this.#ends = this.#world.trace?.begins('life', this.name, name);
    const place: Place = { simulation, network, life, end: this.name };
    const open = new Map<number, Log>();
    simulation.after(0, life, 'start', () => {
      this.program = this.#start({
        world: this.#world,
        place,
        env: simulatedEnv(place, `node ${name}`, this.clock, (event, fields) => {
          this.#world.count(event.replace('.', ' '));
          this.#world.damage.emitted(this.name, event, fields);
          this.#world.cluster?.laws.emitted(name, event, fields);
        }),
        log: (partition) => {
          const known = open.get(partition);
          if (known !== undefined) return known;
          const log = new SimulatedLog(place, `${partition}`, logs[partition]!);
          open.set(partition, log);
          return log;
        },
        member: this.#member(place),
        clock: this.clock,
        blobs: new SimulatedBlobs(place, blobs),
        bus: new SimulatedBus(place, bus),
        drive: this.drive,
        store: this.disk.open(life),
        copies: (partition) => this.disk.copies(partition),
        send: (to, message) => this.#world.sendToClient(this.name, to, message),
      });
    });
  }

  #member(place: Place): NodeContext['member'] {
    const { cluster, nodes } = this.#world;
    const own = cluster?.plan.members[nodes.indexOf(this)];
    if (cluster === undefined || own === undefined) return undefined;
    return { ...own, mapLog: new SimulatedLog(place, 'map', cluster.log) };
  }

  /** Ends it, wherever it is. A disk is lost also where the node was down already. */
  end(how: DiskEnd): void {
    if (this.life === undefined) {
      if (how === 'lost') this.disk.end(how);
      return;
    }
    if (this.program?.inCheckpoint() === true) this.#world.count('crash during checkpoint');
    this.#ends?.(how);
    this.#world.trace?.leadsNoMore(this.name);
    this.life.end();
    this.life = undefined;
    this.program = undefined;
    this.disk.end(how);
    this.drive.end(how === 'kill' ? 'kill' : 'power');
  }
}
