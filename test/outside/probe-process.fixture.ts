/** Tries ports, in the network that it is started in: one probe as JSON on stdin, what it found as JSON on stdout. */
import { connect as connectPlain, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { connect } from '@nats-io/transport-node';

type Pair = { readonly ca: string; readonly cert?: string; readonly key?: string };

export type Probe =
  /** Which ports let one in at all. */
  | { readonly scan: string }
  /** What is said to this text, without TLS or with it; a failed handshake is told as `!` and the error. */
  | { readonly host: string; readonly port: number; readonly say: string; readonly tls?: Pair }
  /** What a client of NATS hears of these subjects, and is answered about a stream, as the node whose inbox it names; or `!` and the error. */
  | {
      readonly nats: string;
      readonly tls: Pair;
      readonly inboxPrefix: string;
      readonly subjects: readonly string[];
      readonly stream: string;
    };

const waitMs = 2_000;
const atOnce = 512;

const opens = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectPlain({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const scan = async (host: string): Promise<readonly number[]> => {
  const open: number[] = [];
  let next = 1;
  const walk = async (): Promise<void> => {
    for (let port = next++; port <= 65_535; port = next++) if (await opens(host, port)) open.push(port);
  };
  await Promise.all(Array.from({ length: atOnce }, walk));
  return open.sort((a, b) => a - b);
};

/** All that comes until the other side ends, or says nothing for a while. */
const heard = (socket: Socket, say: string): Promise<string> =>
  new Promise((resolve) => {
    let said = '';
    socket.once('error', (error) => {
      said += `!${error.message}`;
    });
    socket.once('close', () => resolve(said));
    socket.setTimeout(waitMs, () => socket.destroy());
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1');
    });
    socket.write(say);
  });

const nats = async ({
  nats: servers,
  tls,
  inboxPrefix,
  subjects,
  stream,
}: Extract<Probe, { nats: string }>): Promise<unknown> => {
  try {
    const connection = await connect({ servers, tls, inboxPrefix, reconnect: false, timeout: 10_000 });
    const seen: string[] = [];
    for (const subject of subjects)
      connection.subscribe(subject, { callback: (error, message) => void seen.push(error?.name ?? message.subject) });
    const { config } = (await connection.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 10_000 })).json<{
      config?: { name: string };
    }>();
    // What was published meanwhile is here by now, in order.
    await connection.flush();
    await connection.close();
    return { stream: config?.name, seen };
  } catch (error) {
    return `!${String(error)}`;
  }
};

const found = async (probe: Probe): Promise<unknown> => {
  if ('scan' in probe) return scan(probe.scan);
  if ('nats' in probe) return nats(probe);
  const { host, port, say, tls } = probe;
  return heard(
    tls === undefined
      ? connectPlain({ host, port })
      : connectTls({ host, port, rejectUnauthorized: false, checkServerIdentity: () => undefined, ...tls }),
    say,
  );
};

process.stdout.write(JSON.stringify(await found(JSON.parse(await text(process.stdin)) as Probe)));
