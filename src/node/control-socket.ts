/**
 * The socket in a data folder by which `tutti list|status|top|cancel|retry|logs|follow --data DIR` reach the process that holds the
 * folder. Before the answer to `follow` come its events, and whoever asked may hang up.
 */

import type { Socket } from 'node:net';
import type { PlacementWish } from '../cluster/map-wishes.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Overview } from '../protocol/overview.ts';
import type { ListFilter, TaskEvent } from '../protocol/task-view.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from '../values/codec.ts';
import {
  askFolder,
  connectToFolder,
  eachLine,
  FolderSocket,
  replyWith,
  type SocketReply,
  type SocketRequest,
} from './folder-socket.ts';
import type { LocalClient } from './local-client.ts';

const socketName = 'control.sock';

export type ControlMethod = 'list' | 'status' | 'cancel' | 'retry' | 'logs' | 'overview' | 'place';

/** What is asked of the process. */
export type Controlled = {
  readonly client: LocalClient;
  readonly overview: () => Promise<Overview>;
  /** Says where a partition is to be led; settles when the map of the cluster says so. */
  readonly place: (wish: PlacementWish) => Promise<void>;
};

type Request = SocketRequest<ControlMethod | 'follow'>;

export const serveControl = (folder: string, controlled: Controlled): Promise<FolderSocket> =>
  FolderSocket.serve(folder, socketName, ({ method, args }: Request, reply) => {
    if (method === 'follow') return follow(controlled.client, args, reply);
    replyWith(answer(controlled, method, args), reply);
    return undefined;
  });

/** Returns what stops it. */
const follow = (client: LocalClient, args: string, reply: (message: SocketReply) => void): (() => void) => {
  const [id, fromLog] = decodeValue(args) as readonly [string, number];
  return client.followText(id, fromLog, {
    take: (event) => reply({ event }),
    end: (error) => reply(error === undefined ? { ok: encodeValue(undefined) } : { error: encodeError(error) }),
  });
};

const answer = async (
  { client, overview, place }: Controlled,
  method: ControlMethod,
  args: string,
): Promise<unknown> => {
  const [first] = decodeValue(args) as readonly unknown[];
  switch (method) {
    case 'list':
      return client.list(first as ListFilter);
    case 'status':
      return client.status(first as string);
    case 'cancel':
      return client.cancel(first as string);
    case 'retry':
      return client.retry(first as string);
    case 'logs':
      return client.logs(first as string);
    case 'overview':
      return overview();
    case 'place':
      return place(first as PlacementWish);
    default:
      throw new TuttiError('OPTION_INVALID', `There is no method ${String(method satisfies never)}.`);
  }
};

/** Asks the process that holds `folder`. Rejects with `DATA_UNAVAILABLE` if none listens there. */
export const askHolder = (folder: string, method: ControlMethod, ...args: readonly unknown[]): Promise<unknown> =>
  askFolder(folder, socketName, method, ...args);

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
  connectToFolder(folder, socketName)
    .then((connected) => {
      socket = connected;
      if (!open) {
        socket.destroy();
        return;
      }
      socket.once('error', gone).once('close', gone);
      eachLine(socket, (line) => {
        const reply = JSON.parse(line) as SocketReply;
        if (!open) return;
        if (reply.event !== undefined) take(decodeValue(reply.event) as TaskEvent);
        else over(reply.error === undefined ? undefined : decodeError(reply.error));
      });
      socket.write(`${JSON.stringify({ method: 'follow', args: encodeValue([id, fromLog]) } satisfies Request)}\n`);
    })
    .catch(over);
  return () => {
    open = false;
    socket?.destroy();
  };
};
