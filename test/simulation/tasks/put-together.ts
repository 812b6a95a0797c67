/** What a node of the task workload is put together from, with a cluster and without. */
import type { ClusterNode } from '../../../src/cluster/cluster-node.ts';
import type {
  HostedPartitions,
  HostedPartitionsOptions,
  PartitionWatch,
} from '../../../src/cluster/hosted-partitions.ts';
import type { Executors, WorkRelay } from '../../../src/cluster/work-relay.ts';
import { isTuttiError } from '../../../src/errors/tutti-error.ts';
import type { Flat } from '../../../src/tasks/messages.ts';
import type { NodeContext } from '../node.ts';

export type PutTogether = {
  readonly parts: HostedPartitions;
  readonly relay: WorkRelay;
  readonly cluster: ClusterNode | undefined;
  readonly addClient: (client: number) => void;
  readonly fromClient: (client: number, flat: Flat) => void;
  /** The process of another node, named by its life, has ended. */
  readonly nodeEnded: (node: string) => void;
};

/** Its executors and clients. */
export type Edges = {
  readonly executors: Executors;
  readonly postToClient: (client: number, flat: Flat) => void;
};

export const hostOf = ({ world, place, log, blobs, store }: NodeContext) =>
  ({
    log,
    reader: store.openReader(),
    openSnapshotReader: store.openReader,
    writer: store.writer,
    blobs,
    retentionMs: 1_000_000_000,
    retentionTasks: 100_000,
    checkpoints: world.plan.checkpoints,
    ...(world.plan.bounds && { bounds: world.plan.bounds }),
    stalled: () => undefined,
    soon: (turn) => void place.simulation.after(0, place.life, 'turn', turn),
  }) satisfies Partial<HostedPartitionsOptions['host']>;

/** Tells the world what becomes of partitions. */
export const watchOf = ({ world, place }: NodeContext) =>
  ({
    leading: (partition, epoch) => world.leads(place.end, partition, epoch),
    opened: (partition) => world.cluster?.laws.follows(place.end, partition),
    failed: (partition, error) => {
      if (isTuttiError(error) && error.code === 'LOG_FENCED') world.count('fenced');
      else world.partitionFailed(place.end, partition, error);
    },
    handedOver: (_partition, to) => {
      if (to === place.end) world.count('hand-over taken');
    },
    dropped: (partition) => {
      place.simulation.tell('drops', `partition ${partition}`);
      world.trace?.leadsNoMore(place.end, partition);
    },
  }) satisfies Partial<PartitionWatch>;
