/** What a machine's nats-server is told: its own settings and the roster in, its configuration out. Pure. */
import path from 'node:path';
import { nodeRights } from '../engine/nats/rights.ts';
import type { NatsServerOptions } from '../engine/nats/server/server-config.ts';
import { natsAccess } from '../security/nats-access.ts';
import type { MachineSettings } from './machine-folder.ts';
import { portOf } from './ports.ts';
import { machineIn, membersOf, type Roster, serverKeys, serversOf } from './roster.ts';

export type ServerFiles = {
  /** Key, certificate and authority of this machine as one that runs servers. */
  readonly pem: string;
  readonly ca: string;
  readonly storeFolder: string;
};

export const serverFilesOf = (security: string, nats: string): ServerFiles => ({
  pem: path.join(security, 'server.pem'),
  ca: path.join(security, 'ca.crt'),
  storeFolder: path.join(nats, 'jetstream'),
});

export type ServerSettings = NatsServerOptions & Required<Pick<NatsServerOptions, 'monitor'>>;

/** A server on its own is none of a cluster, and cannot become one: what it keeps could not be replicated. */
export const serverSettings = (
  { name, host, port }: Pick<MachineSettings, 'name' | 'host' | 'port'>,
  roster: Roster,
  { pem, ca, storeFolder }: ServerFiles,
): ServerSettings => {
  const { routes, ...access } = natsAccess(membersOf(roster), (app, node) => nodeRights(app, roster.partitions, node));
  const tls = { cert: pem, key: pem, ca, verify: 'map' } as const;
  const ports = portOf(port);
  const keys = serverKeys(roster);
  return {
    name: machineIn(roster, name)?.server?.name ?? name,
    client: { host, port: ports.client },
    monitor: { host: monitorHost(host), port: ports.monitor },
    storeFolder,
    tls,
    ...access,
    ...(roster.replicas === 1
      ? {}
      : {
          cluster: {
            name: roster.cluster,
            listen: { host, port: ports.route },
            routes: serversOf(roster).map(({ server }) => `nats://${server.route}`),
            tls: keys === undefined ? tls : { ...tls, keys },
            user: routes.user,
          },
        }),
  };
};

/** Whoever reaches it sees what a server does: never another machine. */
const monitorHost = (host: string): string => (host.startsWith('127.') ? host : '127.0.0.1');
