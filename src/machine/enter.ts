/**
 * How a machine comes to be one of a cluster: it begins one, or joins one with a token. Either is done when the settings are on disk;
 * what is cut short before is done again by the same command.
 */
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { installCommand } from '../engine/nats/server-binary.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import { openAuthority, ownKeyPair, trustAuthority } from '../security/authority.ts';
import { joinCluster } from '../security/join-cluster.ts';
import { keyToJoinWith, readKeyPair, writeKeyPair } from '../security/key-pair-file.ts';
import { placeOf } from '../security/server-request.ts';
import { certificateFiles, pairOf } from './certificates.ts';
import { askDoor } from './follower.ts';
import type { MachineFolder, MachineSettings } from './machine-folder.ts';
import { findPorts, hostAndPort, portOf } from './ports.ts';
import { type Roster, readRoster } from './roster.ts';

export type Beginning = {
  readonly cluster: string;
  readonly name: string;
  readonly host: string;
  /** 0: any six that are free. */
  readonly port: number;
  readonly location: string;
  readonly replicas: number;
  readonly partitions: number;
  /** NATS servers that are there. */
  readonly nats: readonly string[];
  readonly gatewayToken: string | undefined;
};

/** Makes this machine the first of a cluster. */
export const beginCluster = async (folder: MachineFolder, beginning: Beginning, env: Env): Promise<MachineSettings> => {
  const { cluster, name, host, location, replicas, partitions, nats } = beginning;
  const { security } = folder;
  const port = await findPorts(host, beginning.port, env.random);
  const now = env.clock.now();
  const authority = openAuthority(security, now);
  const identities = { node: { kind: 'node', app: cluster, name }, server: { kind: 'server', name } } as const;
  for (const role of ['node', 'server'] as const) {
    const pair = ownKeyPair(authority, { identity: identities[role], hosts: [host] }, now);
    writeKeyPair(security, certificateFiles[role], { ...pair, authority: authority.certificate });
  }
  const gatewayToken = beginning.gatewayToken ?? (isLoopback(host) ? undefined : newToken(env));
  const roster: Roster = {
    version: 1,
    cluster,
    replicas,
    partitions,
    nats,
    ...(gatewayToken === undefined ? {} : { gatewayToken }),
    machines: [{ name, drained: false, ...(nats.length > 0 ? {} : { server: serverAt(host, port) }) }],
    gone: [],
  };
  folder.saveRoster(roster);
  const door = hostAndPort(host, portOf(port).door);
  const settings: MachineSettings = { role: 'began', name, host, port, door, location };
  folder.saveSettings(settings);
  return settings;
};

export type Joining = {
  readonly address: string;
  readonly token: string;
  readonly name: string;
  /** Undefined: the address from which the cluster is reached. */
  readonly host: string | undefined;
  readonly port: number;
  readonly location: string;
  /** Whether it can run a server of the cluster. */
  readonly hasServer: boolean;
  /** The machine, gone for good, whose place it takes. */
  readonly replaces?: string | undefined;
};

/** Makes this machine one more of a cluster. Rejects as `joinCluster` does, and with `ENGINE_MISSING` where it has to bring a server. */
export const enterCluster = async (folder: MachineFolder, joining: Joining, env: Env): Promise<MachineSettings> => {
  const { address, token, name, location, hasServer } = joining;
  const replaces = joining.replaces === undefined ? {} : { replaces: joining.replaces };
  const { security } = folder;
  const door = placeOf(address, joining.host !== undefined && isOwn(joining.host) ? joining.host : undefined);
  const host = joining.host ?? (await ownAddressTowards(door.host, door.port));
  const port = await findPorts(host, joining.port, env.random);
  const keyOf = (file: string): string => readKeyPair(security, file)?.key ?? keyToJoinWith(security, file);
  const joined = await joinCluster({
    address,
    token,
    name,
    keys: {
      node: keyOf(certificateFiles.node),
      ...(hasServer ? { server: keyOf(certificateFiles.server) } : {}),
    },
    hosts: [host],
    ...(door.localAddress === undefined ? {} : { localAddress: door.localAddress }),
    offers: { ...serverAt(host, port), location },
    ...replaces,
  }).catch((error: unknown) => {
    throw isTuttiError(error) && error.details['lacks'] === 'server' ? lacksServer(error) : error;
  });
  const { authority, node, server } = joined;
  trustAuthority(security, authority);
  if (server !== undefined) writeKeyPair(security, certificateFiles.server, { ...server, authority });
  writeKeyPair(security, certificateFiles.node, { ...node, authority });
  folder.saveRoster(readRoster(await askDoor(door, pairOf(security, 'node'), 'roster', { version: 0 })));
  const settings: MachineSettings = {
    role: 'joined',
    name,
    host,
    port,
    door: hostAndPort(door.host, door.port),
    location,
    ...replaces,
  };
  folder.saveSettings(settings);
  return settings;
};

const serverAt = (host: string, port: number): { readonly route: string; readonly client: string } => ({
  route: hostAndPort(host, portOf(port).route),
  client: hostAndPort(host, portOf(port).client),
});

export const isLoopback = (host: string): boolean => host.startsWith('127.') || host === 'localhost' || host === '::1';

const isOwn = (host: string): boolean =>
  host.startsWith('127.') ||
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));

/** The address that this machine has in the network of another one. */
const ownAddressTowards = (host: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.setTimeout(limits.joinWaitMs, () => socket.destroy(new Error('it takes too long to answer')));
    socket.once('error', (cause) =>
      reject(
        new TuttiError(
          'UNREACHABLE',
          `No connection to ${hostAndPort(host, port)}: ${cause.message}. Is it the address that was printed with the token, and can it be reached from here?`,
          {
            details: { host, port },
            cause,
          },
        ),
      ),
    );
    socket.once('connect', () => {
      resolve(socket.localAddress?.replace(/^::ffff:/, '') ?? '127.0.0.1');
      socket.destroy();
    });
  });

const tokenBytes = 24;
const newToken = ({ random }: Env): string => Buffer.from(random.bytes(tokenBytes)).toString('base64url');

const lacksServer = (cause: unknown): TuttiError =>
  new TuttiError(
    'ENGINE_MISSING',
    `This machine is to run one of the three NATS servers of the cluster, and has none that could be run. Install nats-server (${installCommand()}), or set TUTTI_NATS_SERVER to one, and repeat the command.`,
    { cause },
  );
