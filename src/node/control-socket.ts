/**
 * A Unix socket in the data folder, by which `tutti list|status|top|cancel|retry|logs|follow --data DIR` reach the process that holds
 * the folder. One JSON line asks (`{"method":…,"args":[…]}`), one answers (`{"ok":…}` or `{"error":…}`, encoded values); before
 * the answer to `follow` come lines with the events (`{"event":…}`), and whoever asked may hang up.
 * Whoever may enter the folder may ask; the folder is its owner's alone.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Overview } from '../protocol/overview.ts';
import type { ListFilter, TaskEvent } from '../protocol/task-view.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from '../values/codec.ts';
import type { LocalClient } from './local-client.ts';

const socketName = 'control.sock';
/** Paths of sockets are shorter than other paths: 108 bytes on Linux, 104 on macOS. */
const socketPathBytesMax = 100;

export type ControlMethod = 'list' | 'status' | 'cancel' | 'retry' | 'logs' | 'overview';

/** What is asked of the process. */
export type Controlled = { readonly client: LocalClient; readonly overview: () => Promise<Overview> };

type Request = { readonly method: ControlMethod | 'follow'; readonly args: string };
type Reply = { readonly event?: string; readonly ok?: string; readonly error?: string };

export class ControlSocket {
  readonly #server: Server;
  readonly #path: SocketPath;

  private constructor(server: Server, path: SocketPath) {
    this.#server = server;
    this.#path = path;
  }

  static async serve(folder: string, controlled: Controlled): Promise<ControlSocket> {
    rmSync(join(folder, socketName), { force: true });
    const path = socketPath(folder);
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      const reply = (message: Reply): void => {
        socket.write(`${JSON.stringify(message)}\n`);
      };
      eachLine(socket, (line) => {
        const { method, args } = JSON.parse(line) as Request;
        if (method === 'follow') socket.once('close', follow(controlled.client, args, reply));
        else
          answer(controlled, method, args).then(
            (text) => reply({ ok: text }),
            (error: unknown) => reply({ error: encodeError(error) }),
          );
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path.path, resolve);
    });
    server.unref();
    return new ControlSocket(server, path);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#path.release();
  }
}

/** Returns what stops it. */
const follow = (client: LocalClient, args: string, reply: (message: Reply) => void): (() => void) => {
  const [id, fromLog] = decodeValue(args) as readonly [string, number];
  return client.followText(id, fromLog, {
    take: (event) => reply({ event }),
    end: (error) => reply(error === undefined ? { ok: encodeValue(undefined) } : { error: encodeError(error) }),
  });
};

const answer = async ({ client, overview }: Controlled, method: ControlMethod, args: string): Promise<string> => {
  const [first] = decodeValue(args) as readonly unknown[];
  switch (method) {
    case 'list':
      return encodeValue(await client.list(first as ListFilter));
    case 'status':
      return encodeValue(await client.status(first as string));
    case 'cancel':
      return encodeValue(await client.cancel(first as string));
    case 'retry':
      return encodeValue(await client.retry(first as string));
    case 'logs':
      return encodeValue(await client.logs(first as string));
    case 'overview':
      return encodeValue(await overview());
    default:
      throw new TuttiError('OPTION_INVALID', `There is no method ${String(method satisfies never)}.`);
  }
};

/** Asks the process that holds `folder`. Rejects with `DATA_UNAVAILABLE` if none listens there. */
export const askHolder = async (
  folder: string,
  method: ControlMethod,
  ...args: readonly unknown[]
): Promise<unknown> => {
  const path = socketPath(folder);
  try {
    const socket = await connect(path.path, folder);
    const line = await new Promise<string>((resolve, reject) => {
      eachLine(socket, resolve);
      socket.once('error', reject);
      socket.once('close', () =>
        reject(new TuttiError('DATA_UNAVAILABLE', `The process that holds ${folder} closed the connection.`)),
      );
      socket.write(`${JSON.stringify({ method, args: encodeValue(args) } satisfies Request)}\n`);
    });
    socket.destroy();
    const reply = JSON.parse(line) as Reply;
    if (reply.error !== undefined) throw decodeError(reply.error);
    return decodeValue(reply.ok as string);
  } finally {
    path.release();
  }
};

/** Follows a task in the process that holds `folder`; see `FollowFrom`. */
export const followHolder = (
  folder: string,
  id: string,
  fromLog: number,
  take: (event: TaskEvent) => void,
  end: (error?: Error) => void,
): (() => void) => {
  let open = true;
  let socket: Socket | undefined;
  const over = (error?: Error): void => {
    if (!open) return;
    open = false;
    socket?.destroy();
    end(error);
  };
  const gone = (): void =>
    over(new TuttiError('DATA_UNAVAILABLE', `The process that holds ${folder} has ended, or closed the connection.`));
  const path = socketPath(folder);
  connect(path.path, folder)
    .then((connected) => {
      socket = connected;
      if (!open) {
        socket.destroy();
        return;
      }
      socket.once('error', gone).once('close', gone);
      eachLine(socket, (line) => {
        const reply = JSON.parse(line) as Reply;
        if (!open) return;
        if (reply.event !== undefined) take(decodeValue(reply.event) as TaskEvent);
        else over(reply.error === undefined ? undefined : decodeError(reply.error));
      });
      socket.write(`${JSON.stringify({ method: 'follow', args: encodeValue([id, fromLog]) } satisfies Request)}\n`);
    })
    .catch(over)
    .finally(() => path.release());
  return () => {
    open = false;
    socket?.destroy();
  };
};

/** Takes the lines that come. One that cannot be taken, as when the other side ended in the middle of it, ends the connection. */
const eachLine = (socket: Socket, take: (line: string) => void): void => {
  createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
    // It repeats the socket's errors, and one that nobody hears would end the thread: the node, when a command hangs up.
    .on('error', () => undefined)
    .on('line', (line) => {
      try {
        take(line);
      } catch {
        socket.destroy();
      }
    });
};

const connect = (path: string, folder: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause) =>
      reject(new TuttiError('DATA_UNAVAILABLE', `No process listens in ${folder}.`, { cause, details: { folder } })),
    );
  });

type SocketPath = { readonly path: string; release(): void };

/** A long path is reached through the open folder, which has a short name of its own on Linux. */
const socketPath = (folder: string): SocketPath => {
  const path = join(folder, socketName);
  if (Buffer.byteLength(path) <= socketPathBytesMax || process.platform !== 'linux')
    return { path, release: () => undefined };
  const fd = openSync(folder, 'r');
  return { path: `/proc/self/fd/${fd}/${socketName}`, release: () => closeSync(fd) };
};
