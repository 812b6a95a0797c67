/**
 * What a seed means for the cluster: where nodes are, when they come, and what befalls membership. Drawn from dice of its own, so
 * that it changes nothing of what a seed means besides.
 */
import { calmLog, type LogFaults } from '../../../src/engine/simulated/log-service.ts';
import type { Dice, Fault } from '../plan.ts';

export type MemberFault =
  /** Nothing of the node reaches the log of maps, and with `both` nothing of that the node. */
  | { readonly kind: 'mapCut'; readonly node: number; readonly both: boolean; readonly forMs: number }
  | { readonly kind: 'mapLog'; readonly faults: LogFaults; readonly forMs: number }
  /** The log of maps loses its last records. */
  | { readonly kind: 'mapTail'; readonly records: number }
  /** An empty log has the name of that of maps, with `stray` with a record of the old one; for so long, or (undefined) for good. */
  | { readonly kind: 'mapAnew'; readonly stray: boolean; readonly forMs: number | undefined }
  /** It is told to leave; once it has left it stays away for so long, or (undefined) for good. */
  | { readonly kind: 'drain'; readonly node: number; readonly downMs: number | undefined }
  /** Its machine is gone, and nobody tells. */
  | { readonly kind: 'die'; readonly node: number }
  /** It ends and is started again, one time after the other. */
  | { readonly kind: 'flap'; readonly node: number; readonly times: number; readonly everyMs: number };

/** Also a leader that gives a partition away whatever the map says. */
const kinds = ['mapCut', 'mapLog', 'drain', 'die', 'flap', 'handOver'] as const;
type Kind = (typeof kinds)[number];
const losses = ['mapTail', 'mapAnew'] as const satisfies readonly MemberFault['kind'][];
export const memberFaults: readonly MemberFault['kind'][] = [...kinds.filter((kind) => kind !== 'handOver'), ...losses];

export type ClusterPlan = {
  readonly standbys: number;
  readonly movesMax: number;
  /** By node. */
  readonly members: readonly { readonly location: string; readonly weight: number; readonly absentMs: number }[];
};

export type PlannedMemberFault = {
  readonly atMs: number;
  readonly fault: MemberFault | Extract<Fault, { readonly kind: 'handOver' }>;
};

type Size = { readonly nodes: number; readonly partitions: number; readonly busyMs: number };

/** In a few of the plans there are many nodes, and less time, as each costs. */
export const clusterSize = (dice: Dice, size: Size): Size =>
  dice.chance(0.04) ? { ...size, nodes: dice.whole(6, 25), busyMs: Math.min(size.busyMs, 4_000) } : size;

export const clusterPlanOf = (
  dice: Dice,
  { nodes, partitions, busyMs }: Size,
  only: readonly string[],
): { readonly plan: ClusterPlan; readonly faults: readonly PlannedMemberFault[] } => {
  const zones = dice.whole(1, 3);
  const late = dice.chance(0.3);
  const plan: ClusterPlan = {
    standbys: dice.pick([0, 1, 1, 2]),
    movesMax: dice.pick([1, 2, 10]),
    members: Array.from({ length: nodes }, (_, number) => ({
      location: `eu/zone-${dice.whole(1, zones)}`,
      weight: dice.pick([1, 1, 1, 3]),
      absentMs: late && number > 0 && dice.chance(0.5) ? dice.whole(0, busyMs) : 0,
    })),
  };
  const own = kinds.filter(() => dice.chance(0.4)).filter((kind) => only.includes(kind));
  const everyMs = dice.pick([1_000, 4_000, 10_000]);
  const faults: PlannedMemberFault[] = [];
  // Somebody must stay.
  let mayRetire = nodes - 2;
  for (let atMs = dice.whole(0, everyMs); own.length > 0 && atMs < busyMs; atMs += dice.whole(1, 2 * everyMs)) {
    const fault = clusterFaultOf(dice, dice.pick(own), { nodes, partitions }, mayRetire > 0);
    if (fault.kind === 'die' || (fault.kind === 'drain' && fault.downMs === undefined)) mayRetire--;
    if (fault.kind === 'die' && mayRetire < 0) continue;
    faults.push({ atMs, fault });
  }
  return { plan, faults };
};

/** In some of the plans the log of maps loses what was in it. */
export const mapLossesOf = (dice: Dice, { busyMs }: Size, only: readonly string[]): readonly PlannedMemberFault[] => {
  const faults: PlannedMemberFault[] = [];
  for (let count = dice.pick([0, 0, 1, 2]); count > 0; count--) {
    const atMs = dice.whole(0, busyMs);
    const fault: MemberFault = dice.chance(0.6)
      ? { kind: 'mapTail', records: dice.pick([1, 2, 10]) }
      : { kind: 'mapAnew', stray: dice.chance(0.3), forMs: dice.pick([undefined, 500, 5_000]) };
    if (only.includes(fault.kind)) faults.push({ atMs, fault });
  }
  return faults;
};

const clusterFaultOf = (
  dice: Dice,
  kind: Kind,
  { nodes, partitions }: Omit<Size, 'busyMs'>,
  mayRetire: boolean,
): PlannedMemberFault['fault'] => {
  const node = dice.whole(0, nodes - 1);
  switch (kind) {
    case 'mapCut':
      return { kind, node, both: dice.chance(0.7), forMs: dice.pick([500, 3_000, 20_000]) };
    case 'mapLog':
      return {
        kind,
        forMs: dice.pick([500, 3_000, 10_000]),
        faults: {
          ...calmLog,
          phantom: dice.pick([0, 0.1, 0.5]),
          late: dice.pick([0, 0.1, 0.5]),
          lateMs: dice.pick([5, 1_500, 4_000]),
          dropped: dice.pick([0, 0.1, 0.5]),
          stale: dice.pick([0, 0.3, 0.9]),
          wrongEnd: 0,
          staleRecords: dice.pick([1, 5]),
        },
      };
    case 'drain':
      return { kind, node, downMs: mayRetire && dice.chance(0.3) ? undefined : dice.pick([1, 500, 5_000]) };
    case 'die':
      return { kind, node };
    case 'flap':
      return { kind, node, times: dice.whole(2, 10), everyMs: dice.pick([100, 700, 2_500]) };
    case 'handOver':
      return { kind, node, partition: dice.whole(0, partitions - 1) };
    default:
      return kind satisfies never;
  }
};
