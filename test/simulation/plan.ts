/**
 * What a seed means: how large the world is, what may go wrong in it and when. A plan is plain data, so that it can be printed,
 * replayed with some of its faults left out, and shrunk.
 */
import { calmLog, type LogFaults } from '../../src/engine/simulated/log-service.ts';
import { calmNetwork, type NetworkFaults } from '../../src/engine/simulated/network.ts';
import type { IntakeBounds } from '../../src/execution/state/state-host-options.ts';
import type { CheckpointSettings } from '../../src/partition/host-options.ts';
import type { DiskEnd } from '../../src/testing/simulated-disk.ts';
import { type SeededRandom, seededRandom } from '../../src/values/hash.ts';
import { type ClusterPlan, clusterPlanOf, clusterSize, type MemberFault, mapLossesOf } from './cluster/cluster-plan.ts';
import type { DriveFault, EmbeddedSettings } from './embedded/plan.ts';
import { clusterLossesOf, leaderlessLogsOf, replicaPlanOf, rowDamageOf } from './replica-plan.ts';

export type Fault =
  | { readonly kind: 'crash'; readonly node: number; readonly how: DiskEnd; readonly downMs: number }
  | { readonly kind: 'claim'; readonly node: number; readonly partition: number }
  /** Nothing of the node reaches the end, and with `both` nothing of that end the node. */
  | {
      readonly kind: 'cut';
      readonly node: number;
      readonly end: string;
      readonly both: boolean;
      readonly forMs: number;
    }
  | { readonly kind: 'disturb'; readonly node: number; readonly pick: number }
  /** The node, or (by `pick`) one of its executors, stands still. */
  | { readonly kind: 'stall'; readonly node: number; readonly pick: number; readonly forMs: number }
  /** Every client starts so many tasks at once. */
  | { readonly kind: 'burst'; readonly count: number }
  /** Nothing reaches the node, and nothing of it reaches anybody. */
  | { readonly kind: 'isolate'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'clock'; readonly node: number; readonly skewMs: number }
  | { readonly kind: 'fullDisk'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'damageBlob'; readonly partition: number; readonly pick: number }
  | { readonly kind: 'network'; readonly faults: NetworkFaults; readonly forMs: number }
  | { readonly kind: 'log'; readonly partition: number; readonly faults: LogFaults; readonly forMs: number }
  /** The log has no leader for a while, and its replicas are behind by up to so many records. */
  | { readonly kind: 'logLeader'; readonly partition: number; readonly behindMax: number; readonly forMs: number }
  | DriveFault
  | MemberFault
  /** A bit of a row flips in the node's store, if the node follows the partition. */
  | { readonly kind: 'damageRow'; readonly node: number; readonly partition: number; readonly pick: number }
  /** Whoever leads the partition gives it to the node. */
  | { readonly kind: 'handOver'; readonly partition: number; readonly node: number }
  /** The log loses its last records, and perhaps its leader its disk. */
  | {
      readonly kind: 'logTail';
      readonly partition: number;
      readonly records: number;
      readonly killsLeader: boolean;
      readonly faults: LogFaults;
    }
  /** For a while an empty log has the name of the log; with `stray` a record of the old one lands in it. The leader may lose its disk. */
  | {
      readonly kind: 'logAnew';
      readonly partition: number;
      readonly records: number;
      readonly stray: boolean;
      readonly killsLeader: boolean;
      readonly faults: LogFaults;
      readonly forMs: number;
    };

export type FaultKind = Fault['kind'];
export type PlannedFault = { readonly atMs: number; readonly fault: Fault };

export type Plan = {
  readonly workload: string;
  readonly seed: string;
  readonly nodes: number;
  readonly partitions: number;
  readonly clients: number;
  readonly keys: number;
  /** When clients stop asking and faults stop. */
  readonly busyMs: number;
  /** How long clients pause between operations, at most. */
  readonly thinkMs: number;
  /** Clients of registers know who answered last for each partition. Else they look for who leads each time. */
  readonly remembers?: boolean;
  readonly checkpoints: CheckpointSettings;
  /** Where the engine is the embedded one. */
  readonly embedded?: EmbeddedSettings;
  /** What a partition takes in at most, where it is tasks. */
  readonly bounds?: IntakeBounds;
  /** Undefined: nodes are told what to claim. */
  readonly cluster?: ClusterPlan;
  /** By partition: the numbers of the nodes that follow it; none where it is left out. */
  readonly followers?: readonly (readonly number[])[];
  readonly faults: readonly PlannedFault[];
};

/** What a cluster over a shared log can meet. */
export const clusterFaults = [
  'crash',
  'claim',
  'cut',
  'isolate',
  'disturb',
  'stall',
  'clock',
  'fullDisk',
  'damageBlob',
  'network',
  'log',
] as const satisfies readonly FaultKind[];
type ClusterFault = (typeof clusterFaults)[number];

export class Dice {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  chance(of: number): boolean {
    return this.#random.fraction() < of;
  }

  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#random.fraction() * (most - least + 1));
  }

  pick<T>(from: readonly T[]): T {
    return from[this.whole(0, from.length - 1)] as T;
  }
}

/** What is not left to the seed. */
export type FixedSizes = Partial<Pick<Plan, 'nodes' | 'partitions' | 'clients' | 'busyMs' | 'thinkMs' | 'remembers'>>;

/** What seed `seed` means; `only`: kinds of faults that may occur at all. */
export const planOf = (workload: string, seed: string, only: readonly FaultKind[], fixed: FixedSizes = {}): Plan => {
  const dice = new Dice(seededRandom(`${seed}/plan`));
  const drawn = { nodes: dice.whole(2, 5), partitions: dice.whole(1, 3), busyMs: dice.whole(5, 40) * 1_000 };
  const diceOf = (name: string): Dice => new Dice(seededRandom(`${seed}/plan/${name}`));
  const clustered = workload === 'cluster' || workload === 'cluster-tasks';
  const hasTasks = workload === 'tasks' || workload === 'cluster-tasks';
  const size = { ...(clustered ? clusterSize(diceOf('cluster size'), drawn) : drawn), ...fixed };
  const { nodes, partitions, busyMs } = size;
  // Swarm testing (Groce et al., ISSTA 2012): a fault that is never there leaves room for what it would hide.
  const possible = clusterFaults.filter((kind) => hasTasks || (kind !== 'disturb' && kind !== 'stall'));
  const kinds = possible.filter(() => dice.chance(0.6)).filter((kind) => only.includes(kind));
  const faults: PlannedFault[] = [];
  const everyMs = dice.pick([200, 500, 1_000, 3_000]);
  for (let atMs = 0; kinds.length > 0 && atMs < busyMs; atMs += dice.whole(1, 2 * everyMs))
    faults.push({ atMs, fault: faultOf(dice, dice.pick(kinds), nodes, partitions) });
  const replicas = replicaPlanOf(workload, diceOf('replicas'), size, only);
  const cluster = clustered ? clusterPlanOf(diceOf('cluster'), size, only) : undefined;
  faults.push(...replicas.faults, ...(cluster?.faults ?? []));
  const everyone = Array.from({ length: nodes }, (_, node) => node);
  // Which nodes of a cluster follow a partition is not planned.
  const followers = workload === 'cluster' ? replicas.followers.map(() => everyone) : replicas.followers;
  faults.push(...rowDamageOf(diceOf('rows'), followers, busyMs, only));
  if (clustered) faults.push(...clusterLossesOf(diceOf('losses'), size, only));
  if (clustered) faults.push(...mapLossesOf(diceOf('map losses'), size, only));
  if (clustered) faults.push(...leaderlessLogsOf(diceOf('leaderless logs'), size, only));
  const load = hasTasks ? loadOf(diceOf('load'), busyMs, only) : undefined;
  const often = workload !== 'registers' || diceOf('checkpoints').chance(0.5);
  const remembers = workload === 'registers' && diceOf('clients').chance(0.5);
  faults.push(...(load?.faults ?? []));
  return {
    workload,
    seed,
    nodes,
    partitions,
    clients: dice.whole(1, 6),
    keys: dice.whole(1, 4),
    busyMs,
    // Who asks the right one at once would else do ten times as much.
    thinkMs: dice.pick([5, 50, 400]) * (remembers ? 5 : 1),
    ...(remembers && { remembers }),
    checkpoints: checkpointsOf(dice, often),
    followers: replicas.followers,
    ...(cluster && { cluster: cluster.plan }),
    ...(load && { bounds: load.bounds }),
    faults,
    ...fixed,
  };
};

/** Any of the three bounds lets a checkpoint begin, so that all of them are high where there are to be few. */
const checkpointsOf = (dice: Dice, often: boolean): CheckpointSettings => {
  const bound = (drawn: number, seldom: number): number => (often ? drawn : Math.max(drawn, seldom));
  return {
    checkpointDirtyRows: bound(dice.pick([5, 50, 1_000]), 50),
    checkpointLogBytes: bound(dice.pick([500, 5_000, 100_000]), 5_000),
    checkpointIntervalMs: bound(dice.pick([200, 2_000, 20_000]), 2_000),
    checkpointSliceRows: dice.pick([1, 3, 100]),
    snapshotLogBytes: dice.pick([1_000, 10_000, 1_000_000]),
    snapshotChunkBytes: dice.pick([100, 10_000]),
  };
};

/** How much a partition takes in, and bursts that are more than that. */
const loadOf = (
  dice: Dice,
  busyMs: number,
  only: readonly FaultKind[],
): { readonly bounds: IntakeBounds; readonly faults: readonly PlannedFault[] } => {
  const bounds = { queuedTasksMax: dice.pick([20, 1_000_000]), intakePendingMax: dice.pick([50, 20_000]) };
  const faults: PlannedFault[] = [];
  if (dice.chance(0.3) && only.includes('burst'))
    for (let count = dice.whole(1, 3); count > 0; count--)
      faults.push({ atMs: dice.whole(0, busyMs), fault: { kind: 'burst', count: dice.whole(5, 25) } });
  return { bounds, faults };
};

const faultOf = (dice: Dice, kind: ClusterFault, nodes: number, partitions: number): Fault => {
  const node = dice.whole(0, nodes - 1);
  const partition = dice.whole(0, partitions - 1);
  const forMs = dice.pick([50, 500, 3_000]);
  switch (kind) {
    case 'crash':
      return { kind, node, how: dice.pick(['kill', 'power', 'power', 'lost']), downMs: dice.pick([1, 100, 2_000]) };
    case 'claim':
      return { kind, node, partition };
    case 'cut': {
      const end = dice.chance(0.5) ? `log ${partition}` : dice.chance(0.3) ? 'blobs' : `n${dice.whole(0, nodes - 1)}`;
      return { kind, node, end, both: dice.chance(0.5), forMs };
    }
    case 'disturb':
      return { kind, node, pick: dice.whole(0, 1_000) };
    case 'stall':
      return { kind, node, pick: dice.whole(0, 1_000), forMs: dice.pick([50, 1_000, 5_000]) };
    case 'isolate':
      return { kind, node, forMs };
    case 'clock':
      return { kind, node, skewMs: dice.pick([-3_600_000, -500, -1, 0, 1, 500, 3_600_000]) };
    case 'fullDisk':
      return { kind, node, forMs };
    case 'damageBlob':
      return { kind, partition, pick: dice.whole(0, 1_000_000) };
    case 'network':
      return networkFault(dice, forMs);
    case 'log':
      return {
        kind,
        partition,
        forMs,
        faults: {
          phantom: dice.pick([0, 0.05, 0.5]),
          late: dice.pick([0, 0.05, 0.3]),
          lateMs: dice.pick([5, 1_500, 4_000]),
          dropped: dice.pick([0, 0.05, 0.3]),
          stale: dice.pick([0, 0.3]),
          wrongEnd: dice.pick([0, 0.3]),
          staleRecords: dice.pick([1, 20]),
        },
      };
    default:
      throw new Error(`${kind} is no fault of a cluster over a shared log.`);
  }
};

export const networkFault = (dice: Dice, forMs: number): Fault => ({
  kind: 'network',
  forMs,
  faults: {
    delayMs: dice.pick([
      [0.1, 0.5],
      [0.1, 5],
      [5, 50],
    ]),
    slow: dice.pick([0, 0.01, 0.2]),
    slowMs: dice.pick([20, 1_500]),
    reordered: dice.pick([0, 0.05, 0.5]),
    lost: dice.pick([0, 0.01, 0.3]),
    repeated: dice.pick([0, 0.01, 0.3]),
  },
});

export const calm = { network: calmNetwork, log: calmLog };

/** A fault in a few words. */
export const faultText = (fault: Fault): string => {
  const { kind, ...rest } = fault;
  return `${kind} ${JSON.stringify(rest)}`;
};
