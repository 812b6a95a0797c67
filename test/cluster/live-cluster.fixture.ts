/**
 * A small cluster in this process, in real time: real cluster nodes over one log of maps in memory and a local bus. Partitions are
 * as short as can be: a claim succeeds, positions go up by themselves. For what is shown of a cluster.
 */
import type { PartitionState } from '../../src/cluster/claims.ts';
import { ClusterNode, type PartitionControl } from '../../src/cluster/cluster-node.ts';
import type { Surroundings } from '../../src/cluster/cluster-view.ts';
import type { Loads } from '../../src/cluster/heartbeat.ts';
import { LocalBus } from '../../src/engine/embedded/local-bus.ts';
import { memoryFiles } from '../../src/engine/embedded/memory-files.ts';
import { openPhysicalLog } from '../../src/engine/embedded/physical-log.ts';
import type { Log } from '../../src/engine/engine.ts';
import { limits } from '../../src/limits.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import type { ClusterOverview } from '../../src/protocol/cluster-overview.ts';

const nothing: PartitionState = { role: 'none', epoch: 0, position: 0 };
const recordsPerTick = 7;
const tickMs = 50;

type Member = { readonly node: ClusterNode; readonly states: PartitionState[] };

type MemberOptions = { readonly location?: string; readonly app?: string; readonly functions?: readonly string[] };

export class LiveCluster {
  readonly members = new Map<string, Member>();
  /** Members that apply nothing. */
  readonly stuck = new Set<string>();
  readonly #env = nodeEnv();
  readonly #bus = new LocalBus(this.#env.timers);
  readonly #log: Log;
  readonly #partitions: number;
  readonly #heads: number[];
  readonly #epochs: number[];
  readonly #ticks: NodeJS.Timeout;
  #runs = 0;

  private constructor(log: Log, partitions: number) {
    this.#log = log;
    this.#partitions = partitions;
    this.#heads = Array.from({ length: partitions }, (_, partition) => 12_000 + 900 * partition);
    this.#epochs = Array.from({ length: partitions }, () => 0);
    this.#ticks = setInterval(() => this.#tick(), tickMs);
  }

  static async open(partitions: number, ids: readonly string[], options: MemberOptions = {}): Promise<LiveCluster> {
    const { segmentBytes, recordBytesMax } = limits;
    const log = await openPhysicalLog(memoryFiles(), 'log', { env: nodeEnv(), segmentBytes, recordBytesMax });
    const cluster = new LiveCluster(log.log(0), partitions);
    for (const [index, id] of ids.entries()) cluster.start(id, { location: `eu/zone-${index + 1}`, ...options });
    return cluster;
  }

  start(id: string, { location = '', app = 'v1', functions = ['send'] }: MemberOptions = {}): void {
    const states = Array.from({ length: this.#partitions }, () => nothing);
    const set = (partition: number, state: PartitionState): void => {
      states[partition] = state;
      queueMicrotask(() => this.members.get(id)?.node.partitionChanged(partition));
    };
    const head = (partition: number): number => this.#heads[partition] ?? 0;
    const control: PartitionControl = {
      claim: (partition) => {
        this.#epochs[partition] = head(partition) + 1;
        set(partition, { role: 'leading', epoch: head(partition) + 1, position: head(partition) + 1 });
      },
      follow: (partition) =>
        set(partition, { role: 'following', epoch: this.#epochs[partition] ?? 0, position: head(partition) }),
      drop: (partition) => set(partition, nothing),
      handOver: (partition) => set(partition, nothing),
      confirm: () => undefined,
      state: (partition) => states[partition] ?? nothing,
    };
    const node = new ClusterNode({
      info: { id, token: `${id} ${this.#runs++}`, location, weight: 1, app, featureLevel: 1 },
      functions,
      settings: { partitions: this.#partitions, standbys: 1, movesMax: 2 },
      cluster: 'shop',
      log: this.#log,
      bus: this.#bus,
      env: this.#env,
      control,
      onStopped: () => undefined,
    });
    this.members.set(id, { node, states });
  }

  /** It measures that its partitions make so much work. */
  measures(id: string, loads: Loads): void {
    this.members.get(id)?.node.health({ healthy: true, queued: 0, loads });
  }

  /** Its process ends; the others are told, as by a connection that closes. */
  kill(id: string): void {
    const member = this.members.get(id);
    const token = member?.node.map?.members.find((other) => other.id === id)?.token ?? '';
    member?.node.close();
    this.members.delete(id);
    for (const { node } of this.members.values()) node.connectionClosed(token);
  }

  overview(id: string, around: Surroundings = {}): ClusterOverview {
    const seen = this.members.get(id)?.node.overview(around);
    if (seen === undefined) throw new Error(`${id} has read no map.`);
    return seen;
  }

  /** Settles when every partition is led as the map says, evenly, and followed. */
  async settled(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, tickMs));
      const [id] = this.members.keys();
      const seen = id === undefined ? undefined : this.members.get(id)?.node.overview();
      const rests = seen?.partitions.every(
        ({ leader, standbys, underWay }) =>
          leader !== undefined && underWay === undefined && standbys.length === Math.min(1, this.members.size - 1),
      );
      const loads = seen?.members.filter(({ state }) => state === 'up').map(({ leads }) => leads) ?? [];
      const isEven = loads.length === this.members.size && Math.max(...loads) - Math.min(...loads) <= 1;
      if (rests === true && isEven) return;
    }
  }

  close(): void {
    clearInterval(this.#ticks);
    for (const { node } of this.members.values()) node.close();
  }

  #tick(): void {
    for (let partition = 0; partition < this.#partitions; partition++) {
      const led = [...this.members.values()].some(({ states }) => states[partition]?.role === 'leading');
      if (led) this.#heads[partition] = (this.#heads[partition] ?? 0) + recordsPerTick;
      for (const [id, { states }] of this.members) {
        const state = states[partition];
        if (state === undefined || (state.role !== 'leading' && state.role !== 'following') || this.stuck.has(id))
          continue;
        states[partition] = { ...state, position: this.#heads[partition] ?? 0 };
      }
    }
  }
}
