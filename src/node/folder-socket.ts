/**
 * A Unix socket in a folder, by which commands reach the process that holds it. One JSON line asks, lines answer: `{"ok":…}` or
 * `{"error":…}`, encoded values, at the end, `{"event":…}` before. Whoever may enter the folder may ask; it is its owner's alone.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TuttiError } from '../errors/tutti-error.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from '../values/codec.ts';

/** Paths of sockets are shorter than other paths: 108 bytes on Linux, 104 on macOS. */
const socketPathBytesMax = 100;

/** `args`: an encoded array. */
export type SocketRequest<Method extends string> = { readonly method: Method; readonly args: string };
export type SocketReply = { readonly event?: string; readonly ok?: string; readonly error?: string };

/** Answers a request, now or in several replies; what it returns is called when the one who asked has gone. */
export type TakeRequest<Method extends string> = (
  request: SocketRequest<Method>,
  reply: (message: SocketReply) => void,
) => (() => void) | undefined;

export class FolderSocket {
  readonly #server: Server;
  readonly #path: SocketPath;

  private constructor(server: Server, path: SocketPath) {
    this.#server = server;
    this.#path = path;
  }

  /** One that was left by a process which ended is replaced. */
  static async serve<Method extends string>(
    folder: string,
    name: string,
    take: TakeRequest<Method>,
  ): Promise<FolderSocket> {
    rmSync(join(folder, name), { force: true });
    const path = socketPath(folder, name);
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      const reply = (message: SocketReply): void => {
        socket.write(`${JSON.stringify(message)}\n`);
      };
      eachLine(socket, (line) => {
        const gone = take(JSON.parse(line) as SocketRequest<Method>, reply);
        if (gone !== undefined) socket.once('close', gone);
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path.path, resolve);
    });
    server.unref();
    return new FolderSocket(server, path);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#path.release();
  }
}

/** Replies with what comes of `value`. */
export const replyWith = (value: Promise<unknown>, reply: (message: SocketReply) => void): void => {
  value.then(
    (result) => reply({ ok: encodeValue(result) }),
    (error: unknown) => reply({ error: encodeError(error) }),
  );
};

/** Asks the process that listens there. Rejects with `DATA_UNAVAILABLE` if none does. */
export const askFolder = async <Method extends string>(
  folder: string,
  name: string,
  method: Method,
  ...args: readonly unknown[]
): Promise<unknown> => {
  const path = socketPath(folder, name);
  try {
    const socket = await connect(path.path, folder);
    const line = await new Promise<string>((resolve, reject) => {
      eachLine(socket, resolve);
      socket.once('error', reject);
      socket.once('close', () =>
        reject(new TuttiError('DATA_UNAVAILABLE', `The process that holds ${folder} closed the connection.`)),
      );
      socket.write(`${JSON.stringify({ method, args: encodeValue(args) } satisfies SocketRequest<Method>)}\n`);
    });
    socket.destroy();
    const reply = JSON.parse(line) as SocketReply;
    if (reply.error !== undefined) throw decodeError(reply.error);
    return decodeValue(reply.ok as string);
  } finally {
    path.release();
  }
};

/** A connection to it. Rejects with `DATA_UNAVAILABLE`. */
export const connectToFolder = (folder: string, name: string): Promise<Socket> => {
  let path: SocketPath;
  try {
    path = socketPath(folder, name);
  } catch (cause) {
    return Promise.reject(nobody(folder, cause));
  }
  return connect(path.path, folder).finally(() => path.release());
};

/** Takes the lines that come. One that cannot be taken, as when the other side ended in the middle of it, ends the connection. */
export const eachLine = (socket: Socket, take: (line: string) => void): void => {
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
    socket.once('error', (cause) => reject(nobody(folder, cause)));
  });

const nobody = (folder: string, cause: unknown): TuttiError =>
  new TuttiError('DATA_UNAVAILABLE', `No process listens in ${folder}.`, { cause, details: { folder } });

type SocketPath = { readonly path: string; release(): void };

/** A long path is reached through the open folder, which has a short name of its own on Linux. */
const socketPath = (folder: string, name: string): SocketPath => {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= socketPathBytesMax || process.platform !== 'linux')
    return { path, release: () => undefined };
  const fd = openSync(folder, 'r');
  return { path: `/proc/self/fd/${fd}/${name}`, release: () => closeSync(fd) };
};
