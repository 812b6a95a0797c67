/**
 * Drives the core of one node of a cluster: turns its effects into reads and appends of the map, messages, timers and calls to
 * whoever has the partitions, and what comes of them into events. Whatever is decided is decided in the core.
 */
import type { Bus, Log } from '../engine/engine.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { ClusterOverview } from '../protocol/cluster-overview.ts';
import type { PartitionEnd, PartitionState } from './claims.ts';
import { ClusterCore, type ClusterCoreOptions } from './cluster-core.ts';
import type { ClusterEffect, ClusterEvent, OwnHealth } from './cluster-event.ts';
import type { ClusterMap } from './cluster-map.ts';
import { clusterOverview, type Surroundings } from './cluster-view.ts';
import { type Addresses, decodeHeartbeat, encodeHeartbeat, type Heartbeat, nowhere } from './heartbeat.ts';
import { MapLog } from './map-log.ts';
import { isFulfilled, type PlacementWish } from './map-wishes.ts';

/** Who has the partitions of a node. Each call begins something; what comes of it is told to the node by `partitionChanged`. */
export interface PartitionControl {
  /** Lead it: read its log to the end and append an epoch record. */
  claim(partition: number): void;
  /** Apply its log as it grows, ready to lead. */
  follow(partition: number): void;
  /** Let go of it. */
  drop(partition: number): void;
  /** Stop leading, with a record that says so to `to`. */
  handOver(partition: number, to: string): void;
  /** Append a record, an empty one if there is nothing to say: a leader that was deposed learns it so. */
  confirm(partition: number): void;
  /** What the node has of it now. */
  state(partition: number): PartitionState;
}

export type ClusterNodeOptions = Omit<ClusterCoreOptions, 'fraction' | 'newClusterId' | 'times'> & {
  /** Names the cluster on the bus. */
  readonly cluster: string;
  /** The log of maps. */
  readonly log: Log;
  readonly bus: Bus;
  readonly env: Env;
  readonly control: PartitionControl;
  readonly times?: ClusterCoreOptions['times'];
  /** The map may have changed, who leads a partition, or where a member is reached. */
  readonly onChanged?: () => void;
  /** It takes part no more. With an error it stepped aside; its partitions are dropped then. */
  readonly onStopped: (error: TuttiError | undefined) => void;
  /** Where this node is reached, to be told to the others. */
  readonly addresses?: () => Addresses;
};

/** `token` names the run of the member (`MemberInfo`). */
export type LeadingMember = { readonly member: string; readonly token: string; readonly epoch: number };

export class ClusterNode {
  readonly #options: ClusterNodeOptions;
  readonly #core: ClusterCore;
  readonly #log: MapLog;
  readonly #unsubscribe: () => void;
  readonly #events: ClusterEvent[] = [];
  #performing = false;
  /** Whoever makes it has it by then, and can ask. */
  #made = false;
  #cancelTimer = (): void => {};
  /** Where the others said that they are reached. */
  readonly #addresses = new Map<string, Addresses>();
  /** Up to which of its core's changes was told; undefined: there is more to tell. */
  #toldChanges: number | undefined;
  #stopped = false;

  constructor(options: ClusterNodeOptions) {
    const { env, bus, cluster, times = limits } = options;
    this.#options = options;
    this.#log = new MapLog(options.log, limits.mapRecordsKept);
    this.#core = new ClusterCore({
      ...options,
      times,
      newClusterId: Buffer.from(env.random.bytes(8)).toString('hex'),
      fraction: () => env.random.fraction(),
    });
    this.#unsubscribe = bus.subscribe(heartbeatSubject(cluster), (bytes) => {
      const heartbeat = decodeHeartbeat(bytes);
      if (heartbeat === undefined) return;
      this.#hearAddresses(heartbeat);
      this.#tell({ kind: 'heartbeat', heartbeat });
    });
    this.#tell({ kind: 'time', states: [] });
    this.#made = true;
  }

  /** The newest map it knows: a hint for whoever asks where something is. */
  get map(): ClusterMap | undefined {
    return this.#core.map;
  }

  /** The number of this run of the node; 0: it has not joined yet. */
  get incarnation(): number {
    return this.#core.incarnation;
  }

  /** How the cluster does, as this node sees it; undefined: it has read no map yet. */
  overview(around: Surroundings = {}): ClusterOverview | undefined {
    const { sight } = this.#core;
    const { clock } = this.#options.env;
    const moment = { now: clock.now(), monotonicMs: clock.monotonic() };
    return sight && clusterOverview(sight, { name: this.#options.cluster, ...around }, moment);
  }

  /** A partition stopped here, for this reason: to show it, on every node. */
  partitionFailed(partition: number, code: string): void {
    const { recorder } = this.#core;
    recorder.failed({ partition, code, member: recorder.self, atMs: this.#options.env.clock.monotonic() });
  }

  /** Who leads each partition, as far as this node hears: which run of which member, and in which epoch. */
  leaders(): readonly (LeadingMember | undefined)[] {
    const { map } = this.#core;
    const nowMs = this.#options.env.clock.monotonic();
    const tokens = new Map(map?.members.map(({ id, token }) => [id, token]));
    return (map?.partitions ?? []).map((_, partition) => {
      const { id: member = '', epoch = 0 } = this.#core.leadershipOf(partition, nowMs) ?? {};
      const token = tokens.get(member);
      return token === undefined ? undefined : { member, token, epoch };
    });
  }

  /** The run of this token is heard, or no map names it. */
  hears(token: string): boolean {
    const { map, recorder } = this.#core;
    const member = map?.members.find((each) => each.token === token);
    return member === undefined || recorder.peers.isThere(member.id, this.#options.env.clock.monotonic());
  }

  /** Where a member said that it is reached. */
  addressesOf(member: string): Addresses {
    return this.#addresses.get(member) ?? nowhere;
  }

  /** What this node has of a partition has changed, and why it ended, where it ended against its will. */
  partitionChanged(partition: number, ended?: PartitionEnd): void {
    const change = { partition, state: this.#options.control.state(partition), ended };
    const last = this.#events.at(-1);
    // What a decision has changed is told as one event: told one by one, each would decide anew about those still to be told.
    if (last?.kind === 'partitions')
      this.#events[this.#events.length - 1] = { ...last, changes: [...last.changes, change] };
    else this.#tell({ kind: 'partitions', changes: [change] });
  }

  /** The connection to another node ended: to the run that joined with this token. */
  connectionClosed(token: string): void {
    this.#tell({ kind: 'closed', token });
  }

  /** How this node is, and how much waits at it. */
  health(health: OwnHealth): void {
    this.#tell({ kind: 'health', ...health });
  }

  /** Where the leader of each partition stands, as far as is heard. */
  heads(): readonly (number | undefined)[] {
    const { map, recorder } = this.#core;
    const scans = map === undefined ? [] : recorder.scan(map, this.#options.env.clock.monotonic());
    return scans.map(({ leader }) => leader?.report.position);
  }

  /**
   * Pins a partition to a place, throttles it, or ends that; settles when the map says so. Rejects with `OPTION_INVALID` for a
   * partition that there is not, with `CLOSED` where the node ends before.
   */
  async place(wish: PlacementWish): Promise<void> {
    const { timers } = this.#options.env;
    if (this.map?.partitions[wish.partition] === undefined)
      throw new TuttiError(
        'OPTION_INVALID',
        `There is no partition ${wish.partition}: they are numbered from 0 to ${(this.map?.partitions.length ?? 1) - 1}.`,
        { details: { option: 'partition' } },
      );
    this.#tell({ kind: 'wish', wish });
    while (!isFulfilled(this.map, wish)) {
      if (this.#stopped) throw new TuttiError('CLOSED', 'The node ended before the map was changed.');
      await new Promise<void>((resolve) => timers.after(limits.proposeAgainMs, resolve));
    }
  }

  /** Gives away everything and leaves; `onStopped` says when that is done. */
  drain(): void {
    this.#tell({ kind: 'drain' });
  }

  /** Stops at once and tells nobody: the others find out. */
  close(): void {
    this.#stopped = true;
    this.#cancelTimer();
    this.#unsubscribe();
  }

  /** One event after the other, each with all its effects, in the order in which they came. */
  #tell(event: ClusterEvent): void {
    if (this.#stopped) return;
    this.#events.push(event);
    if (this.#performing) return;
    this.#performing = true;
    try {
      for (let next = this.#events.shift(); next !== undefined && !this.#stopped; next = this.#events.shift())
        for (const effect of this.#core.on(next, this.#options.env.clock.monotonic())) this.#perform(effect);
    } finally {
      this.#performing = false;
    }
    this.#setTimer();
    const { changes } = this.#core;
    if (!this.#made || this.#stopped || changes === this.#toldChanges) return;
    this.#toldChanges = changes;
    this.#options.onChanged?.();
  }

  #hearAddresses({ member, addresses }: Heartbeat): void {
    if (addresses === undefined) return;
    const { gateway, lifeLine } = this.addressesOf(member);
    if (addresses.gateway === gateway && addresses.lifeLine === lifeLine) return;
    this.#addresses.set(member, addresses);
    this.#toldChanges = undefined;
  }

  #setTimer(): void {
    this.#cancelTimer();
    const { wakeMs } = this.#core;
    if (this.#stopped || wakeMs === Number.POSITIVE_INFINITY) return;
    const { clock, timers } = this.#options.env;
    // Whole milliseconds, or a timer that fires a little early would be set again and again.
    this.#cancelTimer = timers.after(Math.max(1, Math.ceil(wakeMs - clock.monotonic())), () =>
      this.#tell({ kind: 'time', states: this.#states() }),
    );
  }

  #states(): (readonly [number, PartitionState])[] {
    return (this.map?.partitions ?? []).map((_, partition) => [partition, this.#options.control.state(partition)]);
  }

  #perform(effect: ClusterEffect): void {
    const { bus, cluster, control, env } = this.#options;
    if ('partition' in effect) {
      const { kind, ...fields } = effect;
      env.events.emit(`cluster.${kind}`, fields);
    }
    switch (effect.kind) {
      case 'publish':
        bus.publish(
          heartbeatSubject(cluster),
          encodeHeartbeat({ ...effect.heartbeat, addresses: this.#options.addresses?.() ?? nowhere }),
        );
        break;
      case 'readMap':
        void this.#readMap();
        break;
      case 'appendMap':
      case 'putBackMap':
        void this.#appendMap(effect);
        break;
      case 'claim':
      case 'follow':
      case 'drop':
      case 'confirm':
        control[effect.kind](effect.partition);
        break;
      case 'handOver':
        control.handOver(effect.partition, effect.to);
        break;
      case 'stop':
        this.#stop(effect.error);
        break;
      default:
        effect satisfies never;
    }
  }

  async #appendMap(effect: ClusterEffect & { readonly kind: 'appendMap' | 'putBackMap' }): Promise<void> {
    const { events } = this.#options.env;
    const { map } = effect;
    try {
      const { kind } = await this.#log.append(map);
      // Any other answer says nothing: reads may have lagged.
      if (effect.kind === 'putBackMap' && kind === 'appended') {
        const { shown } = effect;
        const same = shown?.clusterId === map.clusterId;
        this.#core.recorder.mapLost(same ? 'putBack' : 'madeAnew', this.#options.env.clock.monotonic());
        events.emit(same ? 'cluster.map-put-back' : 'cluster.map-made-anew', {
          version: map.version,
          shown: shown?.version ?? 0,
        });
      }
    } catch (error) {
      events.emit('cluster.append-failed', { error });
    }
    this.#tell({ kind: 'proposed' });
  }

  /** A log that cannot be read now is asked again; what leads here leads on meanwhile. */
  async #readMap(): Promise<void> {
    const { env } = this.#options;
    for (;;) {
      const beganMs = env.clock.monotonic();
      try {
        const map = await this.#log.read();
        const known = this.map;
        if (map !== undefined && map.version > (known?.version ?? 0)) {
          env.events.emit('cluster.map', inWords(map));
          // Others began anew, and were faster than those who knew.
          if (known !== undefined && known.clusterId !== map.clusterId) {
            env.events.emit('cluster.map-made-anew', { version: known.version, shown: map.version });
            this.#core.recorder.mapLost('madeAnew', env.clock.monotonic());
          }
        }
        this.#tell({ kind: 'map', map, beganMs });
        return;
      } catch (error) {
        if (isTuttiError(error) && error.code === 'CLUSTER_NEWER') {
          this.#stop(error as TuttiError);
          return;
        }
        env.events.emit('cluster.read-failed', { error });
      }
      await new Promise<void>((resolve) => env.timers.after(limits.mapPollMs, resolve));
      if (this.#stopped) return;
    }
  }

  #stop(error: TuttiError | undefined): void {
    if (this.#stopped) return;
    const { control, onStopped } = this.#options;
    this.close();
    if (error !== undefined)
      for (const [partition, { role }] of this.#states()) if (role !== 'none') control.drop(partition);
    onStopped(error);
  }
}

const inWords = (map: ClusterMap): Readonly<Record<string, unknown>> => ({
  version: map.version,
  members: map.members.map(({ id, state }) => `${id} ${state}`).join(', '),
  partitions: map.partitions.map(({ leader, standbys }) => [leader, ...standbys].join(' ')).join(', '),
});

const heartbeatSubject = (cluster: string): string => `cluster/${cluster}/heartbeat`;
