/**
 * Several cores over one log of maps, on which time passes and messages arrive only as a test says. Partitions are as short as can
 * be: a claim succeeds at once and deposes whoever led.
 */
import { limits } from '../limits.ts';
import type { ClusterOverview } from '../protocol/cluster-overview.ts';
import type { PartitionState } from './claims.ts';
import { ClusterCore } from './cluster-core.ts';
import type { ClusterEffect, ClusterEvent } from './cluster-event.ts';
import type { ClusterMap, ClusterSettings } from './cluster-map.ts';
import type { ClusterTimes } from './cluster-times.ts';
import { clusterOverview, type Surroundings } from './cluster-view.ts';
import type { Heartbeat } from './heartbeat.ts';

const nothing: PartitionState = { role: 'none', epoch: 0, position: 0 };

/** When the clusters of tests began. */
export const epochMs = Date.UTC(2026, 0, 1);

const eventsAtOnceMax = 10_000;

type Node = {
  readonly core: ClusterCore;
  readonly states: PartitionState[];
  /** What it did with partitions, with the time. */
  readonly commands: string[];
  stopped: { readonly code: string | undefined } | undefined;
  /** The place in the log of the map that it has read last. */
  readTo: number;
};

export type ScriptedOptions = Partial<ClusterSettings> & {
  readonly times?: Partial<ClusterTimes>;
  readonly weights?: readonly number[];
};

export class ScriptedCluster {
  nowMs = 1_000;
  readonly maps: ClusterMap[] = [];
  readonly nodes = new Map<string, Node>();
  /** `a>b`: nothing of a reaches b. */
  readonly cut = new Set<string>();
  /** Nodes that cannot reach the log of maps, and whether each waits for an answer. */
  readonly mapCut = new Map<string, boolean>();
  /** Nodes whose appends come to nothing, so that they hand nothing over. */
  readonly stuck = new Set<string>();
  /** How far followers are behind. */
  lag = 0;
  /** What each node reads is not newer than this version; undefined: it is the newest. */
  readonly staleFor = new Map<string, number>();
  readonly appends: string[] = [];
  readonly #settings: ClusterSettings;
  readonly #times: ClusterTimes;
  readonly #weights: readonly number[];
  readonly #epochs: number[] = [];
  readonly #events: (readonly [id: string, event: ClusterEvent])[] = [];
  #runs = 0;

  constructor(options: ScriptedOptions = {}) {
    const { times, weights = [], ...settings } = options;
    this.#settings = { partitions: 4, standbys: 1, movesMax: 2, ...settings };
    this.#times = { ...limits, ...times };
    this.#weights = weights;
  }

  /** Nodes `n0`, `n1` … that run until all is at rest. */
  static of(count: number, options: ScriptedOptions = {}): ScriptedCluster {
    const cluster = new ScriptedCluster(options);
    for (let index = 0; index < count; index++) cluster.start(`n${index}`);
    cluster.pass(10_000);
    for (const { commands } of cluster.nodes.values()) commands.length = 0;
    return cluster;
  }

  get map(): ClusterMap {
    return this.maps.at(-1) as ClusterMap;
  }

  node(id: string): Node {
    return this.nodes.get(id) as Node;
  }

  /** A new run of a node. */
  start(
    id: string,
    more: { readonly featureLevel?: number; readonly app?: string; readonly functions?: readonly string[] } = {},
  ): void {
    const core = new ClusterCore({
      info: {
        id,
        token: `run ${this.#runs++}`,
        location: '',
        weight: this.#weights[Number(id.slice(1))] ?? 1,
        app: more.app ?? 'v1',
        featureLevel: more.featureLevel ?? 1,
      },
      functions: more.functions ?? ['send'],
      settings: this.#settings,
      newClusterId: `cluster of run ${this.#runs}`,
      times: this.#times,
      fraction: () => 0.5,
    });
    const states = Array.from({ length: this.#settings.partitions }, () => nothing);
    this.nodes.set(id, { core, states, commands: [], stopped: undefined, readTo: 0 });
    this.tell(id, { kind: 'time', states: [] });
  }

  /** It ends; with `closed` the others are told. */
  end(id: string, closed = false): void {
    const token = this.map.members.find((member) => member.id === id)?.token ?? '';
    this.nodes.delete(id);
    if (closed) for (const other of this.nodes.keys()) this.tell(other, { kind: 'closed', token });
  }

  /** One event after the other, each with all its effects, in the order in which they came. */
  tell(id: string, event: ClusterEvent): void {
    this.#events.push([id, event]);
    if (this.#events.length > 1) return;
    for (let next = this.#events[0], count = 0; next !== undefined; next = this.#events[0], count++) {
      if (count > eventsAtOnceMax) throw new Error(`This goes on for ever: ${JSON.stringify(this.#events)}`);
      const node = this.nodes.get(next[0]);
      if (node !== undefined)
        for (const effect of node.core.on(next[1], this.nowMs)) this.#perform(next[0], node, effect);
      this.#events.shift();
    }
  }

  /** Lets time pass in steps of 10 ms. */
  pass(ms: number): void {
    for (const until = this.nowMs + ms; this.nowMs < until; ) {
      this.nowMs += 10;
      for (const [id, { core, states }] of this.nodes)
        if (core.wakeMs <= this.nowMs)
          this.tell(id, { kind: 'time', states: states.map((state, partition) => [partition, state]) });
    }
  }

  /** A node is silent, and hears nothing, for the others. */
  isolate(id: string): void {
    for (const other of this.nodes.keys()) {
      this.cut.add(`${id}>${other}`);
      this.cut.add(`${other}>${id}`);
    }
  }

  cutFromMap(id: string): void {
    // One that is cut off already may wait for an answer.
    if (!this.mapCut.has(id)) this.mapCut.set(id, false);
  }

  healAll(): void {
    const waiting = [...this.mapCut].filter(([, waits]) => waits);
    this.cut.clear();
    this.mapCut.clear();
    for (const [id] of waiting) this.#readMap(id);
  }

  /** The log loses its last maps; all: it is another one of its name. */
  loseMaps(count: number): readonly ClusterMap[] {
    return this.maps.splice(this.maps.length - count);
  }

  #readMap(id: string): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    node.readTo = Math.min(this.staleFor.get(id) ?? this.maps.length, this.maps.length);
    this.tell(id, { kind: 'map', map: this.maps[node.readTo - 1], beganMs: this.nowMs });
  }

  /** Who leads a partition; several, if some were deposed and do not know it. */
  leaders(partition: number): readonly string[] {
    return [...this.nodes].filter(([, { states }]) => states[partition]?.role === 'leading').map(([id]) => id);
  }

  /** How many partitions each node leads. */
  loads(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.nodes].map(([id, { states }]) => [id, states.filter(({ role }) => role === 'leading').length]),
    );
  }

  /** The cluster as a node shows it. */
  overview(id: string, around: Surroundings = {}): ClusterOverview {
    const { sight } = this.node(id).core;
    if (sight === undefined) throw new Error(`${id} has read no map.`);
    return clusterOverview(sight, { name: 'test', ...around }, { now: this.nowMs + epochMs, monotonicMs: this.nowMs });
  }

  stateOf(id: string): string | undefined {
    return this.map.members.find((member) => member.id === id)?.state;
  }

  /** A node takes a partition from whoever leads it. All of it is so before anybody is told: who is told may take it back at once. */
  claim(id: string, partition: number): void {
    const epoch = (this.#epochs[partition] ?? 0) + 1;
    this.#epochs[partition] = epoch;
    const deposed = this.leaders(partition).filter((other) => other !== id);
    for (const other of deposed) this.node(other).states[partition] = nothing;
    const states = this.nodes.get(id)?.states;
    if (states !== undefined) states[partition] = { role: 'leading', epoch, position: epoch };
    for (const other of deposed) this.#tellState(other, partition, 'deposed');
    this.#tellState(id, partition);
  }

  /** What a node has of a partition cannot go on: its disk is full, say. */
  fails(id: string, partition: number): void {
    this.#set(id, partition, nothing, 'failed');
  }

  #set(id: string, partition: number, state: PartitionState, ended?: 'deposed' | 'failed'): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    node.states[partition] = state;
    this.#tellState(id, partition, ended);
  }

  /** Tells a node what is so of its partition. */
  #tellState(id: string, partition: number, ended?: 'deposed' | 'failed'): void {
    const state = this.nodes.get(id)?.states[partition];
    if (state !== undefined) this.tell(id, { kind: 'partitions', changes: [{ partition, state, ended }] });
  }

  #perform(id: string, node: Node, effect: ClusterEffect): void {
    if ('partition' in effect) node.commands.push(`${this.nowMs} ${effect.kind} ${effect.partition}`);
    switch (effect.kind) {
      case 'publish':
        this.#publish(id, effect.heartbeat);
        break;
      case 'readMap':
        if (this.mapCut.has(id)) this.mapCut.set(id, true);
        else this.#readMap(id);
        break;
      case 'appendMap':
      case 'putBackMap':
        this.appends.push(`${this.nowMs} ${id}`);
        if (!this.mapCut.has(id) && node.readTo === this.maps.length) this.maps.push(effect.map);
        this.tell(id, { kind: 'proposed' });
        break;
      case 'claim':
        this.claim(id, effect.partition);
        break;
      case 'follow':
        this.#set(id, effect.partition, this.#copy(effect.partition));
        break;
      case 'drop':
        this.#set(id, effect.partition, nothing);
        break;
      case 'handOver':
        if (this.stuck.has(id)) break;
        this.#set(id, effect.partition, nothing);
        if (this.nodes.get(effect.to)?.states[effect.partition]?.role === 'following')
          this.claim(effect.to, effect.partition);
        break;
      case 'confirm':
        break;
      case 'stop':
        node.stopped = { code: effect.error?.code };
        break;
      default:
        effect satisfies never;
    }
  }

  #copy(partition: number): PartitionState {
    const epoch = this.#epochs[partition] ?? 0;
    return { role: 'following', epoch, position: epoch - this.lag };
  }

  #publish(from: string, heartbeat: Heartbeat): void {
    for (const to of [...this.nodes.keys()])
      if (to !== from && !this.cut.has(`${from}>${to}`)) this.tell(to, { kind: 'heartbeat', heartbeat });
  }
}
