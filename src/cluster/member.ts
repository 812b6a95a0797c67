/**
 * One node of a cluster, put together: its part in the cluster (`cluster-node.ts`), the partitions that it has
 * (`hosted-partitions.ts`), what their replicas tell each other, the work that it gives to and takes from the executors of other nodes
 * (`work-relay.ts`), and the requests of its clients. Knows no engine, thread or file: those are handed in.
 *
 * - N1: other nodes are met as soon as a map names them, and forgotten when none does; one whose connection closed is forgotten at once.
 * - N2: a run of a node that is known to have ended (`last-leaders.ts`) is to blame for what ran in it; one that merely fell silent is not.
 */
import type { Bus, Log } from '../engine/engine.ts';
import type { TuttiError } from '../errors/tutti-error.ts';
import type { PortUser } from '../execution/state/thread-ports.ts';
import type { RecordCopies } from '../partition/record-copies.ts';
import { Replicas } from '../partition/replicas.ts';
import type { Env } from '../platform/env.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import type { Flat } from '../tasks/messages.ts';
import { type ClusterMap, type ClusterSettings, type MemberInfo, takesPart } from './cluster-map.ts';
import { ClusterNode } from './cluster-node.ts';
import type { ClusterTimes } from './cluster-times.ts';
import { HealthWatch } from './health-watch.ts';
import type { Addresses } from './heartbeat.ts';
import { HostedPartitions, type HostedPartitionsOptions, type PartitionWatch } from './hosted-partitions.ts';
import { LastLeaders } from './last-leaders.ts';
import { RequestRouter } from './request-router.ts';
import { type Executors, WorkRelay } from './work-relay.ts';

export type MemberOptions = {
  /** Names the cluster on the bus. */
  readonly cluster: string;
  readonly info: MemberInfo;
  /** Names of what its version of the app can run. */
  readonly functions: readonly string[];
  /** Of the cluster; `partitions` is what its map says, where there is one. */
  readonly settings: ClusterSettings;
  /** Left out: those that ship. */
  readonly times?: ClusterTimes;
  readonly env: Env;
  readonly bus: Bus;
  readonly mapLog: Log;
  readonly host: Omit<
    HostedPartitionsOptions['host'],
    | 'env'
    | 'bus'
    | 'partitions'
    | 'replica'
    | 'replicas'
    | 'met'
    | 'previousEnd'
    | 'postToExecutor'
    | 'postToClient'
    | 'onCanary'
  >;
  readonly copies: (partition: number) => RecordCopies;
  readonly executors: Executors;
  readonly postToClient: (client: number, flat: Flat) => void;
  readonly watch: Omit<PartitionWatch, 'changed'>;
  /** Where this node is reached, to be told to the others. */
  readonly addresses: () => Addresses;
  /** Which other runs are there, by their tokens, and where their life lines end. */
  readonly onRuns: (runs: ReadonlyMap<string, string>) => void;
  /** It stands in the map. */
  readonly onJoined: () => void;
  /** It takes part no more: it has left, or (with an error) stepped aside. */
  readonly onStopped: (error: TuttiError | undefined) => void;
};

const ended = 'its node ended';

export class Member {
  readonly partitions: HostedPartitions;
  readonly cluster: ClusterNode;
  readonly relay: WorkRelay;
  readonly #options: MemberOptions;
  readonly #replicas: readonly Replicas[];
  /** N2 */
  readonly #leaders: LastLeaders;
  readonly #router: RequestRouter;
  readonly #health: HealthWatch;
  #met: ClusterMap | undefined;
  #joined = false;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#leaders = new LastLeaders(options.info);
    const { cluster, info, settings, env, bus, copies, watch, executors } = options;
    this.#replicas = Array.from(
      { length: settings.partitions },
      (_, partition) =>
        new Replicas({
          partition,
          name: info.id,
          others: () => this.#others(),
          copies: copies(partition),
          bus,
          env,
        }),
    );
    this.partitions = new HostedPartitions({
      host: {
        ...options.host,
        env,
        bus,
        partitions: settings.partitions,
        previousEnd: ended,
        postToExecutor: (executor, flat) => this.relay.toExecutor(executor, flat),
        postToClient: (client, flat) => this.#router.fromHost(client, flat),
        onNotLed: (client, request) => this.#router.notLed(client, request),
        onCanary: (executor) => this.#health.canaryCame(executor),
        replica: info.id,
        replicas: (partition) => this.#replicas[partition],
        met: () => {
          this.#meet();
          return this.relay.met();
        },
      },
      leaderEnded: (partition) => (this.#leaders.leaderEnded(partition) ? ended : undefined),
      watch: {
        changed: (partition, end) => this.cluster.partitionChanged(partition, end),
        ...watch,
      },
    });
    const { host } = this.partitions;
    this.#router = new RequestRouter(info.token, settings.partitions, {
      toHost: (client, flat) => host.fromClient(client, flat),
      epochOf: (partition) => this.partitions.epoch(partition),
      addHostClient: (client) => host.addClient(client),
      removeHostClient: (client) => host.removeClient(client),
      toPeer: (run, body) => this.relay.sendRequests(run, body),
      toClient: options.postToClient,
      plan: () => options.host.soon(() => this.#router.turn()),
    });
    this.relay = new WorkRelay(info.token, bus, env, host, executors, this.#router);
    this.cluster = new ClusterNode({
      cluster,
      info,
      functions: options.functions,
      settings,
      ...(options.times && { times: options.times }),
      log: options.mapLog,
      bus,
      env,
      control: this.partitions,
      onStopped: options.onStopped,
      addresses: options.addresses,
      onChanged: () => this.#turned(),
    });
    this.#health = new HealthWatch({
      env,
      post: (executor, flat) => executors.receive(executor, 0, flat),
      parts: () => host.parts.values(),
      heads: () => this.cluster.heads(),
      tell: (health) => this.cluster.health(health),
    });
  }

  /** Executors and clients of this node's threads. */
  readonly ports: PortUser = {
    addExecutor: (executor, names, away) => {
      this.#health.executorCame(executor);
      this.relay.addExecutor(executor, names, away);
    },
    removeExecutor: (executor, guilty, loss) => {
      this.#health.executorGone(executor);
      this.relay.removeExecutor(executor, guilty, loss);
    },
    executorBusy: (executor, running, kept) => {
      this.#health.executorBusy(executor, kept);
      this.relay.executorBusy(executor, running, kept);
    },
    executorAnswers: (executor) => {
      this.#health.executorAnswers(executor);
      this.relay.executorAnswers(executor);
    },
    fromExecutor: (executor, flat) => this.relay.fromExecutor(executor, 0, flat),
    addClient: (client) => this.#router.addClient(client),
    fromClient: (client, flat) => this.#router.fromClient(client, flat),
  };

  /** The server of the engine beside this node has told of this. */
  serverTrouble(trouble: ServerTrouble): void {
    this.#health.serverTrouble(trouble);
  }

  /** The process of another node's run, named by its token, has ended: its connection closed. */
  runEnded(token: string): void {
    this.#leaders.runEnded(token);
    this.relay.removeNode(token, ended);
    this.cluster.connectionClosed(token);
  }

  /** Ends without telling the others; what is led here is flushed and given back. Executors must have ended. */
  async close(): Promise<void> {
    this.#health.close();
    this.cluster.close();
    await this.partitions.host.close();
    this.relay.close();
    for (const replicas of this.#replicas) replicas.close();
  }

  #others(): readonly string[] {
    const { id } = this.#options.info;
    return (
      this.cluster.map?.members.flatMap((member) => (takesPart(member) && member.id !== id ? [member.id] : [])) ?? []
    );
  }

  #turned(): void {
    this.#meet();
    this.#options.onRuns(this.#runs());
    if (!this.#joined && this.cluster.incarnation > 0) {
      this.#joined = true;
      this.#options.onJoined();
    }
    for (const [partition, leader] of this.cluster.leaders().entries()) {
      if (leader !== undefined) this.#leaders.leads(partition, leader.token);
      this.#router.leader(partition, leader && { node: leader.token, epoch: leader.epoch });
    }
  }

  #runs(): ReadonlyMap<string, string> {
    const runs = new Map<string, string>();
    for (const member of this.cluster.map?.members ?? [])
      if (takesPart(member) && member.id !== this.#options.info.id && !this.#leaders.hasEnded(member.token))
        runs.set(member.token, this.cluster.addressesOf(member.id).lifeLine);
    return runs;
  }

  /** N1 */
  #meet(): void {
    const { map } = this.cluster;
    if (map === undefined || map === this.#met) return;
    this.#met = map;
    const runs = new Set(map.members.flatMap((member) => (takesPart(member) ? [member.token] : [])));
    this.#leaders.follow(map);
    for (const run of runs) if (!this.#leaders.hasEnded(run)) this.relay.addNode(run);
    for (const run of this.relay.nodes) if (!runs.has(run)) this.relay.removeNode(run);
  }
}
