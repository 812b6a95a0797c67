/**
 * What a seed means for one process over the embedded engine: sizes of the log, and what its disk does. Drawn from dice of its
 * own, so that the seeds of other workloads keep their meaning.
 */
import type { PhysicalLogSettings } from '../../../src/engine/embedded/physical-log.ts';
import { seededRandom } from '../../../src/values/hash.ts';
import { Dice, type Fault, type FaultKind, networkFault, type Plan, type PlannedFault } from '../plan.ts';

export type EmbeddedSettings = {
  readonly fillAheadPays: boolean;
  readonly log: Partial<PhysicalLogSettings>;
};

/** What only a process with a disk of its own can meet. */
export type DriveFault =
  /** Crashes at one of its next calls to the disk, and at one of as many later starts' first calls as `again` says. */
  | {
      readonly kind: 'crashAtCall';
      readonly node: number;
      readonly how: 'kill' | 'power';
      readonly calls: number;
      readonly again: number;
      readonly downMs: number;
    }
  /** `rate` of 1 of the writes and name changes below a folder fail. */
  | {
      readonly kind: 'failedWrites';
      readonly node: number;
      readonly code: 'EIO' | 'ENOSPC';
      readonly folder: string;
      readonly rate: number;
      readonly forMs: number;
    }
  | { readonly kind: 'slowDisk'; readonly node: number; readonly slowMs: number; readonly forMs: number }
  /** One bit of the log's files is another one: of what was acknowledged and vouched for, or of anything else. */
  | { readonly kind: 'flippedBit'; readonly node: number; readonly acknowledged: boolean; readonly pick: number };

export const driveFaults: readonly FaultKind[] = ['crashAtCall', 'failedWrites', 'slowDisk', 'flippedBit'];

const kindsHere: readonly FaultKind[] = [
  'crash',
  'disturb',
  'clock',
  'fullDisk',
  'damageBlob',
  'network',
  ...driveFaults,
];

export const embeddedPlan = (workload: string, seed: string, only: readonly FaultKind[]): Plan => {
  const dice = new Dice(seededRandom(`${seed}/plan/embedded`));
  const partitions = dice.whole(1, 5);
  const busyMs = dice.whole(3, 15) * 1_000;
  const kinds = kindsHere.filter(() => dice.chance(0.6)).filter((kind) => only.includes(kind));
  const faults: PlannedFault[] = [];
  const everyMs = dice.pick([100, 300, 1_000, 3_000]);
  for (let atMs = 0; kinds.length > 0 && atMs < busyMs; atMs += dice.whole(1, 2 * everyMs))
    faults.push({ atMs, fault: faultOf(dice, dice.pick(kinds), partitions) });
  const segmentBytes = dice.pick([128, 256, 512]) * 1_024;
  return {
    workload,
    seed,
    nodes: 1,
    partitions,
    clients: dice.whole(1, 6),
    keys: dice.whole(1, 4),
    busyMs,
    thinkMs: dice.pick([20, 50, 400]),
    checkpoints: {
      checkpointDirtyRows: dice.pick([5, 50, 1_000]),
      checkpointLogBytes: dice.pick([500, 5_000, 50_000]),
      checkpointIntervalMs: dice.pick([200, 2_000, 20_000]),
      checkpointSliceRows: dice.pick([1, 3, 100]),
      snapshotLogBytes: dice.pick([1_000, 10_000, 100_000]),
      snapshotChunkBytes: dice.pick([100, 10_000]),
    },
    embedded: {
      fillAheadPays: dice.chance(0.7),
      log: {
        segmentBytes,
        zeroAheadBytes: dice.pick([8, 32]) * 1_024,
        recordBytesMax: 32 * 1_024,
        syncWriteBytesMax: dice.pick([0, 300, 4_096]),
        frameBytesTarget: dice.pick([2_000, 30_000]),
      },
    },
    faults,
  };
};

const faultOf = (dice: Dice, kind: FaultKind, partitions: number): Fault => {
  const node = 0;
  const forMs = dice.pick([50, 500, 3_000]);
  switch (kind) {
    case 'crash':
      return { kind, node, how: dice.pick(['kill', 'power', 'power', 'lost']), downMs: dice.pick([1, 100, 1_000]) };
    case 'crashAtCall':
      return {
        kind,
        node,
        how: dice.pick(['kill', 'power']),
        calls: dice.pick([dice.whole(0, 10), dice.whole(10, 100), dice.whole(100, 1_000)]),
        again: dice.pick([0, 0, 1, 2]),
        downMs: dice.pick([1, 100]),
      };
    case 'failedWrites':
      return {
        kind,
        node,
        code: dice.pick(['EIO', 'EIO', 'ENOSPC']),
        folder: dice.pick(['/log', '/log', '/blobs', '/']),
        rate: dice.pick([0.02, 0.2, 1]),
        forMs,
      };
    case 'slowDisk':
      return { kind, node, slowMs: dice.pick([5, 100, 1_500]), forMs };
    case 'flippedBit':
      return { kind, node, acknowledged: dice.chance(0.6), pick: dice.whole(0, 1_000_000_000) };
    case 'disturb':
      return { kind, node, pick: dice.whole(0, 1_000) };
    case 'clock':
      return { kind, node, skewMs: dice.pick([-3_600_000, -500, 0, 500, 3_600_000]) };
    case 'fullDisk':
      return { kind, node, forMs };
    case 'damageBlob':
      return { kind, partition: dice.whole(0, partitions - 1), pick: dice.whole(0, 1_000_000) };
    case 'network':
      return networkFault(dice, forMs);
    default:
      throw new Error(`${kind} is no fault of the embedded engine.`);
  }
};
