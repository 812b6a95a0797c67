/**
 * Sessions of clients with nodes as they went over the wire: written down once for a version of the protocol, and played again, each
 * side by itself, to what speaks that version now. A file has a line for each frame: who sent it, and its bytes as hexadecimal digits.
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { socketAddress } from '../../src/client/addresses.ts';
import {
  connectPath,
  decodeClientFrame,
  decodeNodeFrame,
  fromClient,
  fromNode,
  type NodeMessage,
  subprotocol,
} from '../../src/protocol/wire.ts';

export type Recorded = { readonly from: 'client' | 'node'; readonly frame: Uint8Array };

export const readFrames = (file: URL): Recorded[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [from, digits] = line.split(' ') as [Recorded['from'], string];
      return { from, frame: Buffer.from(digits, 'hex') };
    });

export const writeFrames = (file: URL, frames: readonly Recorded[]): void =>
  writeFileSync(file, frames.map(({ from, frame }) => `${from} ${Buffer.from(frame).toString('hex')}\n`).join(''));

type Listening = { readonly url: string; close(): Promise<void> };

const listen = async (take: (socket: WebSocket) => void): Promise<Listening> => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: connectPath });
  server.on('connection', take);
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
};

const bytesOf = (data: RawData): Uint8Array => new Uint8Array(data as Buffer);

/** Stands between a client and the node at `target`, and writes down what they say. */
export const recording = async (target: string, frames: Recorded[]): Promise<Listening> =>
  listen(async (client) => {
    const node = new WebSocket(socketAddress(target), subprotocol);
    const isOpen = once(node, 'open');
    client.on('message', async (data) => {
      await isOpen;
      frames.push({ from: 'client', frame: bytesOf(data) });
      node.send(data);
    });
    node.on('message', (data) => {
      frames.push({ from: 'node', frame: bytesOf(data) });
      client.send(data);
    });
    client.on('close', () => node.close());
  });

/** What of a request has come: its reply, or an event, told apart by kind and state where it is one of a task. */
const markOf = (message: NodeMessage): string | undefined => {
  if (message[0] === fromNode.reply) return `reply ${message[1]}`;
  if (message[0] !== fromNode.event) return undefined;
  const { type, state } = JSON.parse(message[2]) as { type?: string; state?: string };
  return `event ${message[1]} ${type} ${state}`;
};

/**
 * Sends a node what the client said, each frame when as much was answered as then: every reply, and the last event of each stream.
 * Gives all that the node said.
 */
export const playClient = async (url: string, frames: readonly Recorded[]): Promise<NodeMessage[]> => {
  const socket = new WebSocket(socketAddress(url), subprotocol);
  const told: NodeMessage[] = [];
  const marks = new Set<string>();
  let look = (): void => undefined;
  socket.on('message', (data) => {
    for (const message of decodeNodeFrame(bytesOf(data))) {
      told.push(message);
      marks.add(markOf(message) ?? '');
    }
    look();
  });
  let closed: number | undefined;
  socket.on('close', (code) => {
    closed = code;
    look();
  });
  await once(socket, 'open');
  const due = new Map<string, string>();
  const answered = async (): Promise<void> => {
    while (![...due.values()].every((mark) => marks.has(mark))) {
      if (closed !== undefined) throw new Error(`The node closed with ${closed}: ${JSON.stringify(told.at(-1))}`);
      await new Promise<void>((resolve) => {
        look = resolve;
      });
    }
  };
  for (const { from, frame } of frames) {
    if (from === 'client') {
      await answered();
      socket.send(frame);
      continue;
    }
    for (const message of decodeNodeFrame(frame)) {
      const mark = markOf(message);
      if (mark !== undefined) due.set(mark.split(' ', 2).join(' '), mark);
    }
  }
  await answered();
  socket.close();
  return told;
};

/** A node that says what it said then, each frame when it was asked as much; to whoever comes first. */
export const playNode = async (frames: readonly Recorded[]): Promise<Listening> => {
  let at = 0;
  return listen((socket) => {
    /** Hello counts as request 0. */
    const asked = new Set<number>();
    const due = new Set<number>();
    socket.on('message', (data) => {
      for (const number of numbersOf(bytesOf(data))) asked.add(number);
      for (; at < frames.length; at++) {
        const { from, frame } = frames[at] as Recorded;
        if (from === 'client') for (const number of numbersOf(frame)) due.add(number);
        else if ([...due].every((number) => asked.has(number))) socket.send(frame);
        else return;
      }
    });
  });
};

const numbersOf = (frame: Uint8Array): number[] =>
  decodeClientFrame(frame).flatMap((message) => {
    if (message[0] === fromClient.hello) return [0];
    return message[0] === fromClient.request ? [message[1]] : [];
  });
