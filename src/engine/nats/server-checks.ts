/** What is looked at before a NATS server is relied on. */
import type { ServerInfo } from '@nats-io/transport-node';
import { isTuttiError, TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { apiErrors, insistOnApi } from './jetstream.ts';
import type { Link } from './link.ts';
import type { NatsWarning } from './nats-options.ts';
import { installCommand } from './server-binary.ts';
import { isAtLeast, jetStreamLevelMinimum, natsServerMinimum } from './version.ts';

const monitorTimeoutMs = 3_000;

/** Throws `ENGINE_VERSION`, `ENGINE_SETTINGS`. */
export const checkServer = (info: ServerInfo | undefined, recordBytesMax: number): void => {
  const { version = '', server_name: server = '', max_payload: payload = 0 } = info ?? {};
  checkVersion(server, version);
  const needed = recordBytesMax + limits.natsHeaderBytes;
  if (payload < needed)
    throw new TuttiError(
      'ENGINE_SETTINGS',
      `The NATS server ${server} takes messages of ${payload} bytes at most; ${needed} are needed. Set max_payload: ${limits.natsPayloadBytes} in its configuration, on all servers.`,
      { details: { server, setting: 'max_payload', found: payload, needed } },
    );
};

const checkVersion = (server: string, version: string): void => {
  if (!isAtLeast(version, natsServerMinimum))
    throw new TuttiError(
      'ENGINE_VERSION',
      `The NATS server ${server} has version ${version || 'unknown'}; ${natsServerMinimum} or newer is needed: older ones can lose what they acknowledged. Upgrade all servers of the cluster (${installCommand()}), or run \`npm run setup:nats\`.`,
      { details: { server, found: version, minimum: natsServerMinimum } },
    );
};

type AccountInfo = { readonly api?: { readonly level?: number } };

/** Throws `ENGINE_SETTINGS` if there is no JetStream, `ENGINE_VERSION` if it is too old, `UNREACHABLE` if nobody says. */
export const checkJetStream = async (link: Link): Promise<void> => {
  const off = (code: number): boolean => code === apiErrors.notEnabled || code === apiErrors.notEnabledForAccount;
  const server = link.connection.info?.server_name ?? '';
  const disabled = link.connection.info?.jetstream !== true;
  const answer = await insistOnApi<AccountInfo>(
    link,
    'INFO',
    {},
    ({ err_code: code }) => off(code),
    disabled ? 0 : limits.natsOpenMs,
  ).catch((error: unknown) => {
    if (!disabled) throw error;
    return { error };
  });
  if ('value' in answer) {
    checkLevel(server, answer.value.api?.level ?? 0);
    return;
  }
  throw new TuttiError(
    'ENGINE_SETTINGS',
    `JetStream is off on the NATS server ${server}, or for this account. Set \`jetstream { store_dir: … , sync_interval: always }\` in its configuration.`,
    { details: { server, setting: 'jetstream' } },
  );
};

const checkLevel = (server: string, level: number): void => {
  if (level < jetStreamLevelMinimum)
    throw new TuttiError(
      'ENGINE_VERSION',
      `The JetStream of ${server}'s cluster has API level ${level}; ${jetStreamLevelMinimum} or newer is needed, that of ${natsServerMinimum}: the server that leads it is older than this one. Upgrade all servers of the cluster (${installCommand()}), or run \`npm run setup:nats\`.`,
      { details: { server, found: `API level ${level}`, minimum: `API level ${jetStreamLevelMinimum}` } },
    );
};

type Varz = {
  readonly server_name?: string;
  readonly version?: string;
  readonly jetstream?: { readonly config?: { readonly sync_always?: boolean } };
};

/** Warns where servers do not sync before they acknowledge, and where that cannot be seen. Throws `ENGINE_VERSION`. */
export const checkMonitors = async (
  monitors: readonly string[] | undefined,
  onWarning: (warning: NatsWarning) => void,
): Promise<void> => {
  const remedy = 'Set `jetstream { sync_interval: always }` on every server.';
  if (monitors === undefined || monitors.length === 0) {
    onWarning({
      kind: 'sync-unseen',
      message: `Whether the NATS servers sync before they acknowledge cannot be seen without the addresses of their monitoring. If they do not, a power cut can lose acknowledged work. ${remedy}`,
    });
    return;
  }
  await Promise.all(
    monitors.map(async (monitor) => {
      try {
        const response = await fetch(new URL('varz', monitor), { signal: AbortSignal.timeout(monitorTimeoutMs) });
        const { server_name: server = monitor, version = '', jetstream } = (await response.json()) as Varz;
        checkVersion(server, version);
        if (jetstream?.config?.sync_always === true) return;
        onWarning({
          kind: 'sync',
          message: `The NATS server ${server} acknowledges before it has synced: a power cut can lose acknowledged work. ${remedy}`,
        });
      } catch (error) {
        if (isTuttiError(error)) throw error;
        onWarning({
          kind: 'sync-unseen',
          message: `Whether the NATS server at ${monitor} syncs could not be seen: ${String(error)}.`,
        });
      }
    }),
  );
};
