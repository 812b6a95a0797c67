/**
 * The NATS engine: logs, blobs and a bus of one cluster, over connections of their own each, so that none holds up another.
 *
 * What an acknowledgement relies on is looked at when it is opened: the version of the server, JetStream, how large a message may
 * be, and, as far as it can be seen, that servers sync before they acknowledge. Connections are kept for ever: an outage is not an
 * error, what is asked then is answered later.
 */
import { connect, type NatsConnection, type NodeConnectionOptions, nkeyAuthenticator } from '@nats-io/transport-node';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import type { Blobs, Bus, Log } from '../engine.ts';
import { askApi, probeLeader, type StreamInfo } from './jetstream.ts';
import { Link } from './link.ts';
import { blobStream, blobSubjects, busSubjects, checkedName, logStream, logSubject } from './names.ts';
import { NatsBlobs } from './nats-blobs.ts';
import { NatsBus } from './nats-bus.ts';
import { NatsLog } from './nats-log.ts';
import type { NatsOptions } from './nats-options.ts';
import { OneServer } from './one-server.ts';
import { checkJetStream, checkMonitors, checkServer } from './server-checks.ts';
import { ensureStream } from './stream.ts';

/** A server that holds a log; `lag` in records. */
export type NatsServerSeen = {
  readonly name: string;
  readonly online: boolean;
  readonly leader: boolean;
  readonly lag: number;
};

export class NatsEngine {
  readonly bus: Bus;
  readonly #options: NatsOptions;
  readonly #links: { readonly log: Link; readonly blobs: Link; readonly bus: Link };

  /** The other nodes are not heard over the server that all goes through: another one is tried, if there is another. */
  readonly leaveServer: () => void;

  constructor(
    options: NatsOptions,
    links: { readonly log: Link; readonly blobs: Link; readonly bus: Link },
    leaveServer: () => void,
  ) {
    this.#options = options;
    this.#links = links;
    this.leaveServer = leaveServer;
    this.bus = new NatsBus(links.bus, busSubjects(options.cluster), options.env);
  }

  /** Whether a server can be reached right now. */
  get connected(): boolean {
    return this.#links.log.connected;
  }

  /** The version of the server that this process is connected to. */
  get serverVersion(): string {
    return this.#links.log.connection.info?.version ?? '';
  }

  /** The log of this name, which is made if there is none. Throws `ENGINE_SETTINGS`, `UNREACHABLE`. */
  async openLog(name: string): Promise<Log> {
    const { cluster, replicas, onWarning, recordBytesMax = limits.recordBytesMax } = this.#options;
    const stream = logStream(cluster, checkedName(name));
    const subject = logSubject(cluster, name);
    await ensureStream(this.#links.log, { name: stream, subjects: [subject], replicas });
    return new NatsLog({
      link: this.#links.log,
      stream,
      subject,
      recordBytesMax,
      onRefused: (why) => onWarning({ kind: 'refused', message: `NATS does not take records of ${stream}: ${why}.` }),
    });
  }

  /** The servers that hold a log, as its leader sees them; undefined: there is none that answers. */
  async serversOf(name: string): Promise<readonly NatsServerSeen[] | undefined> {
    const stream = logStream(this.#options.cluster, checkedName(name));
    const answer = await askApi<StreamInfo>(this.#links.log, `STREAM.INFO.${stream}`, {});
    if (!('value' in answer)) return undefined;
    const { leader, replicas } = answer.value.cluster ?? {};
    return [
      ...(leader === undefined ? [] : [{ name: leader, online: true, leader: true, lag: 0 }]),
      ...(replicas ?? []).map((one) => ({
        name: one.name,
        online: one.offline !== true && isHeard(one),
        leader: false,
        lag: one.lag ?? 0,
      })),
    ].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The blobs of the cluster; their stream is made if there is none. Throws as `openLog` does. */
  async openBlobs(): Promise<Blobs> {
    const { cluster, replicas, env } = this.#options;
    const link = this.#links.blobs;
    const stream = blobStream(cluster);
    const prefix = blobSubjects(cluster);
    await ensureStream(link, { name: stream, subjects: [`${prefix}.>`], replicas });
    return new NatsBlobs({ link, stream, prefix, random: env.random });
  }

  /** Ends all that waits with `CLOSED`; appends under way are unknown. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#links).map((link) => link.close()));
  }
}

/** A new leader says nothing of when it heard one that was gone before: only that this one is not current. */
const isHeard = ({ active = 0, current }: { readonly active?: number; readonly current?: boolean }): boolean =>
  active > 0 ? active < limits.natsSilentMs * 1e6 : current === true;

/**
 * Throws `ENGINE_VERSION`, `ENGINE_SETTINGS`, `UNAUTHORIZED`, and `UNREACHABLE` if none of the servers answers: whoever knows that they
 * are being started tries again.
 */
export const connectNats = async (options: NatsOptions): Promise<NatsEngine> => {
  checkedName(options.cluster);
  const { env, inboxPrefix, onWarning, recordBytesMax = limits.recordBytesMax } = options;
  const opened: Link[] = [];
  const server = new OneServer(env);
  const leave = (role: string, connection: NatsConnection): void => {
    const from = connection.getServer();
    if (server.leave(connection, options.servers.length)) env.events.emit('nats.deaf', { role, server: from });
  };
  const open = async (role: string): Promise<Link> => {
    const connection = await dial(options, role, {
      // `server.next` says how long to pause.
      reconnectDelayHandler: () => Number.NEGATIVE_INFINITY,
      reconnectToServer: server.next,
    });
    server.add(connection);
    const link = new Link(connection, env.timers, inboxPrefix, {
      onDisconnected: () => {
        env.events.emit('nats.disconnected', { role });
        server.down(connection);
      },
      onReconnected: () => {
        server.up(connection);
        env.events.emit('nats.reconnected', { role, server: connection.getServer() });
        // The others may be older than the first was.
        try {
          checkServer(connection.info, recordBytesMax);
        } catch (error) {
          onWarning({ kind: 'server', message: (error as TuttiError).message });
        }
      },
      onDeaf: () => leave(role, connection),
      onRefused: (error) =>
        onWarning({ kind: 'refused', message: `NATS refused what ${options.name} asked for: ${error.message}` }),
    });
    opened.push(link);
    return link;
  };
  try {
    await knock(options);
    const log = await open('log');
    checkServer(log.connection.info, recordBytesMax);
    await checkJetStream(log);
    if (options.syncs !== true) await checkMonitors(options.monitors, onWarning);
    const links = { log, blobs: await open('blobs'), bus: await open('bus') };
    // The others have the same server. A link that is closed needs no probe.
    void probeLeader(log).catch(() => undefined);
    return new NatsEngine(options, links, () => leave('bus', links.bus.connection));
  } catch (error) {
    for (const link of opened) await link.close();
    throw error;
  }
};

/**
 * Throws `UNAUTHORIZED`, `UNREACHABLE`. Servers of a cluster that refuse a client tell it of each other first: a client that takes that up
 * goes from one to the next for ever, and its `connect` settles never.
 */
const knock = async (options: NatsOptions): Promise<void> => {
  const connection = await dial(options, 'first', { ignoreClusterUpdates: true, reconnect: false });
  await connection.close();
};

const dial = async (
  options: NatsOptions,
  role: string,
  more: Partial<NodeConnectionOptions> = {},
): Promise<NatsConnection> => {
  const { servers, name, tls, credentials, inboxPrefix } = options;
  const settings: NodeConnectionOptions = {
    servers: [...servers],
    name: `${name} ${role}`,
    maxReconnectAttempts: -1,
    pingInterval: limits.natsPingMs,
    maxPingOut: 1,
    timeout: limits.natsConnectMs,
    noAsyncTraces: true,
    // Credentials that are being replaced are no reason to give up for good.
    ignoreAuthErrorAbort: true,
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            caFile: tls.ca,
            ...(tls.cert === undefined ? {} : { certFile: tls.cert }),
            ...(tls.key === undefined ? {} : { keyFile: tls.key }),
          },
        }),
    ...authenticated(credentials),
    ...more,
  };
  try {
    return await connect(settings);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const refused = /authoriz|authentic/i.test(said);
    throw new TuttiError(
      refused ? 'UNAUTHORIZED' : 'UNREACHABLE',
      `${refused ? 'NATS does not let this process in' : 'No NATS server can be reached'} at ${servers.join(', ')}: ${said}. ${refused ? 'Check the credentials.' : 'Start the servers, or correct their addresses.'}`,
      { details: { servers }, cause: error },
    );
  }
};

const authenticated = (credentials: NatsOptions['credentials']): Partial<NodeConnectionOptions> => {
  if (credentials === undefined) return {};
  if ('user' in credentials) return { user: credentials.user, pass: credentials.password };
  return { authenticator: nkeyAuthenticator(new TextEncoder().encode(credentials.nkeySeed)) };
};
