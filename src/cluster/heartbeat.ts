/**
 * What nodes tell each other a few times a second. It decides nothing by itself: it prompts who hears it to read the map, to propose
 * a new one, or to wait for a leader that is there. Lost ones cost a little time.
 *
 * Versions: 1, the first. Others are not read. What is added stands at the end, where who does not know it leaves it unread, and has a
 * value for when it is not there.
 */
import { pack, unpack } from 'msgpackr';
import type { Ailment, ServerTrouble } from '../protocol/cluster-overview.ts';

export const heartbeatFormat = 1;

/** What a node does with a partition, as others hear of it. */
export type Role = 'none' | 'following' | 'claiming' | 'leading' | 'closing';

export type PartitionReport = {
  readonly partition: number;
  readonly role: Role;
  /** The newest epoch in its log, as far as the node knows. */
  readonly epoch: number;
  /** Up to where the log is applied. */
  readonly position: number;
};

/** A partition stopped at a node, of late. */
export type PartitionFailure = { readonly partition: number; readonly code: string };

/** Where a node is reached; '': not at all. */
export type Addresses = {
  /** By clients: `https://10.0.0.7:8484`. */
  readonly gateway: string;
  /** By other nodes, to see that its process lives (`node/life-lines.ts`): `10.0.0.7:7422`. */
  readonly lifeLine: string;
};

/** Of a node that does not say where. */
export const nowhere: Addresses = { gateway: '', lifeLine: '' };

export type Heartbeat = {
  readonly member: string;
  readonly incarnation: number;
  /** Version of the newest map it has read. */
  readonly mapVersion: number;
  /** False: its canary does not come through, so it is to hold nothing. */
  readonly healthy: boolean;
  /** Requests and tasks that wait at it. */
  readonly queued: number;
  /** Members that it does not hear. */
  readonly suspects: readonly string[];
  /** Of partitions in which it has any part. */
  readonly partitions: readonly PartitionReport[];
  /** For people who look at the cluster; nobody decides by it. Left out: none. */
  readonly failures?: readonly PartitionFailure[];
  readonly addresses?: Addresses;
  /** Why it is not healthy. */
  readonly ailment?: Ailment;
  /** Of partitions that it leads and has measured for long enough: changes of tasks a second, lately; whole numbers. */
  readonly loads?: Loads;
  /** What the server beside it has told of itself lately; for people. Left out: nothing. */
  readonly troubles?: readonly ServerTrouble[];
};

export type Loads = readonly (readonly [partition: number, load: number])[];

/** What of it others act on at once: all but positions and queues. */
export const newsOf = ({ mapVersion, healthy, suspects, partitions, failures = [] }: Heartbeat): string =>
  JSON.stringify([
    mapVersion,
    healthy,
    suspects,
    partitions.map(({ partition, role, epoch }) => [partition, role, epoch]),
    failures.length,
  ]);

const ailments: readonly (Ailment | undefined)[] = [undefined, 'executors', 'log', 'store'];
const troublesKnown: readonly ServerTrouble[] = ['streamReset', 'sequenceMismatch', 'orphanedStream', 'writeError'];
const roles: readonly Role[] = ['none', 'following', 'claiming', 'leading', 'closing'];

type Fields = [
  ...[number, string, number, number, 0 | 1, number, readonly string[], number[]],
  ...[failures: readonly (readonly [partition: number, code: string])[], gateway: string, lifeLine: string],
  ...[ailment?: number, loads?: readonly number[], troubles?: readonly number[]],
];

export const encodeHeartbeat = (heartbeat: Heartbeat): Uint8Array => {
  const { member, incarnation, mapVersion, healthy, queued, suspects, partitions, failures = [] } = heartbeat;
  const { gateway, lifeLine } = heartbeat.addresses ?? nowhere;
  const troubles = (heartbeat.troubles ?? []).map((trouble) => troublesKnown.indexOf(trouble));
  const flat = partitions.flatMap(({ partition, role, epoch, position }) => [
    partition,
    roles.indexOf(role),
    epoch,
    position,
  ]);
  const fields: Fields = [
    ...([heartbeatFormat, member, incarnation, mapVersion, healthy ? 1 : 0, queued, suspects, flat] as const),
    failures.map(({ partition, code }) => [partition, code] as const),
    gateway,
    lifeLine,
    ailments.indexOf(heartbeat.ailment),
    (heartbeat.loads ?? []).flat(),
    ...(troubles.length === 0 ? ([] as const) : ([troubles] as const)),
  ];
  return pack(fields);
};

/** Undefined: of a format that this version does not know, or no heartbeat at all. */
export const decodeHeartbeat = (bytes: Uint8Array): Heartbeat | undefined => {
  let fields: Fields;
  try {
    fields = unpack(bytes) as Fields;
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields) || fields[0] !== heartbeatFormat) return undefined;
  const [, member, incarnation, mapVersion, healthy, queued, suspects, flat, told, gateway, lifeLine, ...added] =
    fields;
  const [ailing = 0, flatLoads = [], numbers = []] = added;
  const partitions: PartitionReport[] = [];
  for (let at = 0; at < flat.length; at += 4)
    partitions.push({
      partition: flat[at]!,
      role: roles[flat[at + 1]!] ?? 'none',
      epoch: flat[at + 2]!,
      position: flat[at + 3]!,
    });
  const ailment = ailments[ailing];
  const loads: [number, number][] = [];
  for (let at = 0; at + 1 < flatLoads.length; at += 2) loads.push([flatLoads[at]!, flatLoads[at + 1]!]);
  const troubles = numbers.flatMap((number) => troublesKnown[number] ?? []);
  const failures = told.map(([partition, code]) => ({ partition, code }));
  return {
    ...{ member, incarnation, mapVersion, healthy: healthy === 1, queued, suspects, partitions },
    ...(failures.length === 0 ? {} : { failures }),
    addresses: { gateway, lifeLine },
    ...(ailment === undefined ? {} : { ailment }),
    ...(loads.length === 0 ? {} : { loads }),
    ...(troubles.length === 0 ? {} : { troubles }),
  };
};
