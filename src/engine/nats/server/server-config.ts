/**
 * The configuration of one nats-server, as Tutti needs it: JetStream on a folder of its own, everything synced before it is
 * acknowledged, and messages as large as the largest record. Pure: options in, text out. NATS reads JSON as well.
 */
import { limits } from '../../../limits.ts';

/** `port` 0 is not allowed: servers of a cluster must know each other's. */
export type Listen = { readonly host: string; readonly port: number };

/**
 * Paths of PEM files; they may be one. `verify`: who connects must show a certificate of `ca` as well; `map`: and is the user that a
 * name in it says, whatever they call themselves. `keys`: SHA-256 of the only public keys that the other side may have, hexadecimal.
 */
export type TlsFiles = {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly verify?: boolean | 'map';
  readonly keys?: readonly string[];
};

export type Subjects = { readonly allow?: readonly string[]; readonly deny?: readonly string[] };

/** Who may connect, by certificate (then without a password), password or the public part of an nkey, and what they may do there. */
export type NatsUser = ({ readonly user: string; readonly password?: string } | { readonly nkey: string }) & {
  readonly permissions?: {
    readonly publish?: Subjects;
    readonly subscribe?: Subjects;
    /** Answers to what they were asked, whatever their subjects: so many for each request, within so long. */
    readonly allow_responses?: { readonly max: number; readonly expires: string };
  };
};

export type NatsAccount = { readonly jetstream: boolean; readonly users: readonly NatsUser[] };

export type NatsServerOptions = {
  /** Unique in its cluster, and the same after every start: it is how the others know it. No spaces. */
  readonly name: string;
  readonly client: Listen;
  /** Over HTTP, for health checks; no place for others to reach. */
  readonly monitor?: Listen;
  readonly storeFolder: string;
  /** What JetStream may use of the disk; as much as there is, if not said. */
  readonly storeBytesMax?: number;
  readonly tls?: TlsFiles;
  /** Missing: a server on its own. */
  readonly cluster?: {
    readonly name: string;
    readonly listen: Listen;
    /** Under which address others reach it, if not under `listen`. */
    readonly advertise?: string;
    /** False: clients are not told where the other servers are, and reach each at the addresses that they have. */
    readonly tellsClients?: boolean;
    /** `nats://host:port` of all servers, itself included or not. How many there are says how many must be there at first. */
    readonly routes: readonly string[];
    readonly tls?: TlsFiles;
    /** Who may open a route; without a password where `tls` maps certificates. */
    readonly user?: string;
    readonly password?: string;
  };
  /** Missing: everybody may do everything, which is right on the loopback of a test only. */
  readonly accounts?: Readonly<Record<string, NatsAccount>>;
  /** One of `accounts`: whose users see the state of all servers. */
  readonly systemAccount?: string;
  /**
   * Missing: every server syncs before it acknowledges, which is what acknowledged records rely on. For tests of what is refused;
   * null: not said, since servers before 2.10 do not know it.
   */
  readonly syncInterval?: string | null;
};

/** The text of the configuration file. */
export const natsServerConfig = (options: NatsServerOptions): string => {
  const { cluster, accounts } = options;
  return `${JSON.stringify(
    {
      server_name: options.name,
      listen: address(options.client),
      ...(options.monitor === undefined ? {} : { http: address(options.monitor) }),
      ...(options.tls === undefined ? {} : { tls: tls(options.tls) }),
      max_payload: limits.natsPayloadBytes,
      // A server must be able to hold a few of the largest messages for a client that is slow to take them.
      max_pending: 8 * limits.natsPayloadBytes,
      write_deadline: '10s',
      jetstream: {
        store_dir: options.storeFolder,
        ...(options.syncInterval === null ? {} : { sync_interval: options.syncInterval ?? 'always' }),
        ...(options.storeBytesMax === undefined ? {} : { max_file_store: options.storeBytesMax }),
      },
      ...(cluster === undefined
        ? {}
        : {
            cluster: {
              name: cluster.name,
              listen: address(cluster.listen),
              routes: cluster.routes,
              ...(cluster.advertise === undefined ? {} : { cluster_advertise: cluster.advertise }),
              ...(cluster.tellsClients === false ? { no_advertise: true } : {}),
              ...(cluster.tls === undefined ? {} : { tls: tls(cluster.tls) }),
              ...(cluster.user === undefined
                ? {}
                : { authorization: { user: cluster.user, password: cluster.password } }),
            },
          }),
      ...(accounts === undefined ? {} : { accounts: Object.fromEntries(Object.entries(accounts).map(account)) }),
      ...(options.systemAccount === undefined ? {} : { system_account: options.systemAccount }),
    },
    null,
    2,
  )}\n`;
};

const address = ({ host, port }: Listen): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

const tls = ({ cert, key, ca, verify, keys }: TlsFiles) => ({
  cert_file: cert,
  key_file: key,
  ca_file: ca,
  ...(verify === 'map' ? { verify_and_map: true } : { verify: verify ?? false }),
  ...(keys === undefined ? {} : { pinned_certs: keys }),
});

const account = ([name, { jetstream, users }]: readonly [string, NatsAccount]): [string, unknown] => [
  name,
  { ...(jetstream ? { jetstream: 'enabled' } : {}), users },
];
