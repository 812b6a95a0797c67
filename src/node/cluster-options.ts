/** What makes `open` a node of a cluster, checked and completed. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { isPlace } from '../app/place.ts';
import { inboxOf } from '../engine/nats/names.ts';
import { limits } from '../limits.ts';
import type { MembershipSettings } from './member-control.ts';
import { count, invalidOption } from './option-checks.ts';

export type ClusterOptions = {
  /** Where NATS is reached: `nats://10.0.0.7:4222`, one or several. */
  readonly servers: string | readonly string[];
  /** Names the cluster: apps that share NATS servers are told apart by it. Default: `tutti`. */
  readonly name?: string;
  /** The node's name, the same over restarts. Default: the machine's. */
  readonly member?: string;
  /** Where the node is, the largest place first: `eu/zone-1`. Replicas are kept in different places. */
  readonly location?: string;
  /** Its share of the work beside others'. Default: 1. */
  readonly weight?: number;
  /** Copies that NATS keeps of each log, 1 or 3; fixed when the cluster is made. Default: 3. */
  readonly replicas?: number;
  /** Fixed when the cluster is made. Default: 2 for each NATS server that it is made for. */
  readonly partitions?: number;
  /** False: where there is no cluster yet, one is waited for. Default: true. */
  readonly creates?: boolean;
  /**
   * The data folder of an embedded node, which is not running: the cluster is made with its tasks, and the folder stays as it was.
   * Where the cluster was made from it before, nothing happens.
   */
  readonly from?: string;
  /** An address of this machine at which other nodes reach it. Default: 127.0.0.1. */
  readonly host?: string;
  /** The port at which other nodes keep a connection to it. Default: any that is free. */
  readonly lifeLinePort?: number;
  /** Files in PEM: an authority, and a certificate with its key that it has signed. For NATS and between nodes. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** For NATS, where that is another authority than between nodes; false: without TLS. Default: `tls`. */
  readonly natsTls?: { readonly ca: string; readonly cert?: string; readonly key?: string } | false;
  readonly credentials?: MembershipSettings['nats']['credentials'];
  /** `http://host:port` of the NATS servers' monitoring: to see that they sync before they acknowledge. */
  readonly monitors?: readonly string[];
  /** The servers are known to sync: nobody needs to look. */
  readonly syncs?: boolean;
};

const optionNames = [
  'servers',
  'name',
  'member',
  'location',
  'weight',
  'replicas',
  'partitions',
  'creates',
  'from',
  'host',
  'lifeLinePort',
  'tls',
  'natsTls',
  'credentials',
  'monitors',
  'syncs',
] as const;

const namePattern = /^[A-Za-z0-9_-]{1,64}$/;
/** Of a new cluster: one for each server, but with two machines each has one to lead. */
export const defaultPartitions = (replicas: number): number => Math.max(2, replicas);

/** Throws `OPTION_INVALID`, naming the option. */
export const checkClusterOptions = (options: ClusterOptions): MembershipSettings => {
  if (typeof options !== 'object' || options === null)
    throw invalidOption('cluster', options, "it is an object, such as { servers: 'nats://127.0.0.1:4222' }");
  for (const name of Object.keys(options))
    if (!(optionNames as readonly string[]).includes(name))
      throw invalidOption(`cluster.${name}`, undefined, `there is no such option; there are ${optionNames.join(', ')}`);
  const servers = typeof options.servers === 'string' ? [options.servers] : options.servers;
  if (!Array.isArray(servers) || servers.length === 0 || !servers.every((one) => /^(nats|tls):\/\/[^\s/]+$/.test(one)))
    throw invalidOption('cluster.servers', options.servers, 'it names NATS servers, such as nats://127.0.0.1:4222');
  const { name = 'tutti', member = memberName(), location = '', replicas = 3, host = '127.0.0.1' } = options;
  checkName('cluster.name', name);
  checkName('cluster.member', member);
  if (location !== '' && !isPlace(location))
    throw invalidOption('cluster.location', location, 'it is a place, such as eu/zone-1');
  if (replicas !== 1 && replicas !== 3) throw invalidOption('cluster.replicas', replicas, 'it is 1 or 3');
  const partitions = count(options.partitions, 'cluster.partitions', limits.partitionsMax);
  const { tls, natsTls = tls, credentials, monitors, syncs, creates = true, lifeLinePort = 0, from } = options;
  if (from !== undefined && (typeof from !== 'string' || from === ''))
    throw invalidOption('cluster.from', from, 'it is the path of a data folder');
  return {
    cluster: name,
    member,
    location,
    weight: count(options.weight, 'cluster.weight', limits.memberWeightMax) ?? 1,
    creates: creates
      ? { partitions: partitions ?? defaultPartitions(replicas), standbys: 1, movesMax: limits.movesMax }
      : undefined,
    from: from === undefined ? undefined : resolve(from),
    nats: {
      servers,
      replicas,
      inboxPrefix: inboxOf(member),
      ...(natsTls === undefined || natsTls === false ? {} : { tls: natsTls }),
      ...(credentials === undefined ? {} : { credentials }),
      ...(monitors === undefined ? {} : { monitors }),
      ...(syncs === true ? { syncs } : {}),
    },
    host,
    lifeLinePort,
    tls,
  };
};

const checkName = (option: string, name: unknown): void => {
  if (typeof name !== 'string' || !namePattern.test(name))
    throw invalidOption(option, name, 'letters, digits, "_" and "-" only, 64 at most');
};

/** The machine's name, as far as it can be one here. */
export const memberName = (): string =>
  hostname()
    .replace(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 64) || 'node';
