/**
 * Which nodes follow which partitions, and what may go wrong where they do. Drawn apart from all else, so that it changes
 * nothing of what a seed means besides.
 */
import type { LogFaults } from '../../src/engine/simulated/log-service.ts';
import type { Dice, Fault, FaultKind, PlannedFault } from './plan.ts';

export const replicaFaults = [
  'handOver',
  'logTail',
  'logAnew',
  'logLeader',
  'damageRow',
] as const satisfies readonly FaultKind[];

export type ReplicaPlan = {
  /** By partition: the numbers of the nodes that follow it. */
  readonly followers: readonly (readonly number[])[];
  readonly faults: readonly PlannedFault[];
};

/** As many as a cluster keeps in most cases. */
const fewFollowers = 3;

/** What the log does while records are put back. Nothing comes late: what older leaders had under way is no part of it. */
const lossOf = (dice: Dice, partition: number): Extract<Fault, { readonly kind: 'logTail' | 'logAnew' }> => {
  const faults: LogFaults = {
    phantom: dice.pick([0, 0.3]),
    late: 0,
    lateMs: 0,
    dropped: dice.pick([0, 0.3]),
    stale: dice.pick([0, 0.3]),
    wrongEnd: dice.pick([0, 0.5]),
    staleRecords: dice.pick([1, 20]),
  };
  const records = dice.pick([1, 3, 20, 100]);
  const [killsLeader, stray] = [dice.chance(0.5), dice.chance(0.5)];
  const forMs = dice.pick([500, 3_000, 8_000]);
  return dice.chance(0.7)
    ? { kind: 'logTail', partition, records, killsLeader, faults }
    : { kind: 'logAnew', partition, records, stray, killsLeader, faults, forMs };
};

/** Losses of the logs of a cluster, in some of its plans; where copies are, its map says. */
export const clusterLossesOf = (
  dice: Dice,
  { partitions, busyMs }: Size,
  only: readonly FaultKind[],
): PlannedFault[] => {
  const faults: PlannedFault[] = [];
  for (let losses = dice.pick([0, 0, 1, 2]); losses > 0; losses--) {
    const atMs = dice.whole(1_000, busyMs);
    const fault = lossOf(dice, dice.whole(0, partitions - 1));
    if (only.includes(fault.kind)) faults.push({ atMs, fault });
  }
  return faults;
};

/** Rows of standbys that go bad, in a few of the plans in which several may follow a partition. */
export const rowDamageOf = (
  dice: Dice,
  followers: ReplicaPlan['followers'],
  busyMs: number,
  only: readonly FaultKind[],
): PlannedFault[] => {
  const faults: PlannedFault[] = [];
  for (let count = dice.pick([0, 0, 0, 1, 2]); count > 0; count--) {
    const atMs = dice.whole(1_000, busyMs);
    const partition = dice.whole(0, followers.length - 1);
    const own = followers[partition] as readonly number[];
    const pick = dice.whole(0, 1_000_000);
    if (own.length < 2) continue;
    const node = dice.pick(own);
    if (only.includes('damageRow')) faults.push({ atMs, fault: { kind: 'damageRow', node, partition, pick } });
  }
  return faults;
};

type Size = { readonly nodes: number; readonly partitions: number; readonly busyMs: number };

/** In some of the plans a log is without a leader for as long as an election takes (4 to 9 s in a cluster of NATS). */
export const leaderlessLogsOf = (
  dice: Dice,
  { partitions, busyMs }: Size,
  only: readonly FaultKind[],
): readonly PlannedFault[] => {
  const faults: PlannedFault[] = [];
  for (let count = dice.pick([0, 0, 0, 1, 2]); count > 0; count--) {
    const fault: Fault = {
      kind: 'logLeader',
      partition: dice.whole(0, partitions - 1),
      behindMax: dice.pick([0, 1, 20]),
      forMs: dice.whole(4_000, 9_000),
    };
    const atMs = dice.whole(0, busyMs);
    if (only.includes(fault.kind)) faults.push({ atMs, fault });
  }
  return faults;
};

export const replicaPlanOf = (
  workload: string,
  dice: Dice,
  { nodes, partitions, busyMs }: Size,
  only: readonly FaultKind[],
): ReplicaPlan => {
  const everyone = Array.from({ length: nodes }, (_, node) => node);
  const how = workload === 'registers' ? dice.pick(['all', 'few', 'some', 'none']) : 'none';
  const followers = Array.from({ length: partitions }, (_, partition) => {
    if (how === 'some') return everyone.filter(() => dice.chance(0.6));
    if (how === 'few') return everyone.filter((node) => (node + partition) % nodes < fewFollowers);
    return how === 'all' ? everyone : [];
  });
  const faults: PlannedFault[] = [];
  const everyMs = dice.pick([500, 2_000, 8_000]);
  const handsOver = dice.chance(0.6) && only.includes('handOver');
  for (let atMs = dice.whole(0, everyMs); atMs < busyMs; atMs += dice.whole(1, 2 * everyMs)) {
    const partition = dice.whole(0, partitions - 1);
    const own = followers[partition] as readonly number[];
    const node = dice.pick(own.length > 0 ? own : everyone);
    if (own.length >= 2 && handsOver) faults.push({ atMs, fault: { kind: 'handOver', partition, node } });
  }
  for (let losses = dice.pick([0, 0, 1, 2]); losses > 0; losses--) {
    const atMs = dice.whole(1_000, busyMs);
    const fault = lossOf(dice, dice.whole(0, partitions - 1));
    const own = followers[fault.partition] as readonly number[];
    if (own.length >= 2 && only.includes(fault.kind)) faults.push({ atMs, fault });
  }
  return { followers, faults };
};
