/** What JetStream may use of a server's disk is used up by another stream: that server refuses records of the logs that it leads. */
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { NatsCluster } from '../../../tools/nats-cluster.ts';

const ballast = 'ballast';
const messageBytes = 1024 * 1024 - 1024;
/** So many are under way at once. */
const atOnce = 4;
const patienceMs = 5_000;
const removeTriesMax = 30;

type Streams = { readonly streams?: readonly string[] | null };

/**
 * Has one server lead all logs of partitions, and then others fill what it may use, which is `bytesMax`. Returns what takes that away
 * again: within five seconds, or as soon as servers run again. Undefined: no server does what it is asked for.
 */
export const fillStorage = async (
  nats: NatsCluster,
  server: number,
  bytesMax: number,
): Promise<(() => Promise<void>) | undefined> => {
  const raw = await connect({ servers: [...nats.urls], timeout: patienceMs }).catch(() => undefined);
  if (raw === undefined) return undefined;
  try {
    await fill(raw, nats, server, bytesMax);
  } catch {
    void remove(raw);
    return undefined;
  }
  return async () => Promise.race([remove(raw), pause(patienceMs)]);
};

const ask = async <T>(raw: NatsConnection, request: string, body: object = {}): Promise<T> =>
  (await raw.request(`$JS.API.${request}`, JSON.stringify(body), { timeout: patienceMs })).json<T>();

const fill = async (raw: NatsConnection, nats: NatsCluster, server: number, bytesMax: number): Promise<void> => {
  const preferred = nats.servers[server]?.options.server.name;
  const settings = { retention: 'limits', storage: 'file', discard: 'new', num_replicas: nats.replicas };
  await ask(raw, `STREAM.CREATE.${ballast}`, { ...settings, name: ballast, subjects: [ballast] });
  const { streams } = await ask<Streams>(raw, 'STREAM.NAMES');
  const logs = (streams ?? []).filter((stream) => /_log_p\d+$/.test(stream));
  // One that leads already, or is not to be had, stays where it is.
  await Promise.allSettled(logs.map((log) => ask(raw, `STREAM.LEADER.STEPDOWN.${log}`, { placement: { preferred } })));
  const bytes = Buffer.alloc(messageBytes);
  for (let filled = 0; filled < bytesMax; filled += atOnce * messageBytes)
    await Promise.allSettled(
      Array.from({ length: atOnce }, () => raw.request(ballast, bytes, { timeout: patienceMs })),
    );
};

const remove = async (raw: NatsConnection): Promise<void> => {
  for (let tries = 0; tries < removeTriesMax; tries++)
    try {
      await ask(raw, `STREAM.DELETE.${ballast}`);
      break;
    } catch {
      await pause(patienceMs / 5);
    }
  await raw.close();
};
