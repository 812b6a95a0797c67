/**
 * The messages of the binary WebSocket protocol between a client and a node: path `/v1/connect`, subprotocol `tutti.v1`,
 * binary frames. A frame is a msgpack array of messages; a message is an array that begins with its kind. How each looks is
 * said by the types below, field by field. Version and history: `protocol-version.ts`.
 *
 * - W1 A client's frame is looked through before it is decoded (`frame-check.ts`): it holds nothing but nested arrays of whole numbers,
 *   floats, texts, booleans and nil, and it is complete. So the decoder meets nothing that makes it run or reserve anything. A client
 *   chose its node, and a page is not sent what it would take to doubt it: what the decoder makes of a node's frame has to pass W2.
 * - W2 What a decoder here returns has the fields that its type says. A frame of which that cannot be said is refused as a
 *   whole with `PROTOCOL_INVALID`. The arguments of a request are looked at apart (`methods.ts`), so that a wrong one fails
 *   that request alone.
 * - W3 Values are texts in JSON form (`values/codec.ts`), not looked into here.
 */
import { Packr } from 'msgpackr/pack';
import { TuttiError } from '../errors/tutti-error.ts';
import { checkFrame } from './frame-check.ts';
import * as fromClient from './from-client.ts';
import * as fromNode from './from-node.ts';

// Their names are not sent to a page: a bundler writes the numbers.
export * as closeCode from './close-code.ts';
export { fromClient, fromNode };

export const connectPath = '/v1/connect';
export const subprotocol = 'tutti.v1';

/** The first message of a connection, and there only. `clientId` is the same on each of a client's connections. */
export type Hello = [kind: 0, version: number, token: string | null, clientId: string];
/**
 * `request` counts up over all connections of a client; a repeat has the number that the first had. The client has the answers
 * of all requests below `answeredBelow`. What follows are the method's arguments.
 */
export type Request = [kind: 1, request: number, answeredBelow: number, method: string, ...args: unknown[]];
/** Ends a stream, or gives up what is waited for: no reply follows. */
export type Stop = [kind: 2, request: number];
export type Ping = [kind: 3, token: number];
export type ClientMessage = Hello | Request | Stop | Ping;

/**
 * Answers a hello. `timeMs` is the node's clock; `heartbeatMs` how often a silent client should ping; `addresses` of other
 * nodes, none where there is one alone.
 */
export type Welcome = [
  kind: 0,
  version: number,
  timeMs: number,
  heartbeatMs: number,
  addresses: string[],
  bounds: [frameBytesMax: number, requestsMax: number, streamsMax: number],
];
/** Answers a request, or ends a stream. Request 0: an error of the connection, which is closed. */
export type Reply = [kind: 1, request: number, ok: 0 | 1, text: string];
/** One item of a stream. */
export type Event = [kind: 2, request: number, text: string];
/** `overloaded`: details are the milliseconds for which to start nothing. `addresses`: a list. `closing`: nothing. */
export type Hint = [kind: 3, hint: string, details: unknown];
export type Pong = [kind: 4, token: number];
/** Text that comes before that of the next reply or event of this request: so that a long one is seen to come. */
export type Part = [kind: 5, request: number, text: string];
export type NodeMessage = Welcome | Reply | Event | Hint | Pong | Part;

const packr = new Packr({ useRecords: false });

export const encodeFrame = (messages: readonly (ClientMessage | NodeMessage)[]): Uint8Array => packr.pack(messages);

/** Throws `PROTOCOL_INVALID`. */
export const decodeClientFrame = (bytes: Uint8Array): ClientMessage[] => {
  const complaint = checkFrame(bytes);
  if (complaint !== undefined) throw protocolInvalid(`A frame of ${bytes.length} bytes ${complaint}.`);
  const messages = unpack(bytes);
  if (messages === undefined) throw protocolInvalid(`A frame of ${bytes.length} bytes is no array in MessagePack.`);
  return messages.map((message, index) => {
    if (isClientMessage(message)) return message;
    throw protocolInvalid(`Message ${index} of a frame (kind ${kindOf(message)}) has not the fields of its kind.`);
  });
};

/** Throws `PROTOCOL_INVALID`. */
export const decodeNodeFrame = (bytes: Uint8Array): NodeMessage[] => {
  const messages = unpack(bytes);
  if (messages?.every(isNodeMessage)) return messages;
  throw protocolInvalid('A frame of a node holds something else than its messages.');
};

/** Undefined for what is not MessagePack, or no array. */
const unpack = (bytes: Uint8Array): unknown[] | undefined => {
  try {
    const messages: unknown = packr.unpack(bytes);
    return Array.isArray(messages) ? messages : undefined;
  } catch {
    return undefined;
  }
};

const kindOf = (message: unknown): string => {
  const kind: unknown = Array.isArray(message) ? message[0] : undefined;
  return typeof kind === 'number' ? `${kind}` : 'unknown';
};

const isClientMessage = (fields: unknown): fields is ClientMessage => {
  if (!Array.isArray(fields)) return false;
  switch (fields[0]) {
    case fromClient.request:
      return isCount(fields[1]) && fields[1] > 0 && isCount(fields[2]) && typeof fields[3] === 'string';
    case fromClient.stop:
    case fromClient.ping:
      return fields.length === 2 && isCount(fields[1]);
    case fromClient.hello:
      return (
        fields.length === 4 &&
        isCount(fields[1]) &&
        (fields[2] === null || typeof fields[2] === 'string') &&
        typeof fields[3] === 'string'
      );
    default:
      return false;
  }
};

const isNodeMessage = (fields: unknown): fields is NodeMessage => {
  if (!Array.isArray(fields)) return false;
  switch (fields[0]) {
    case fromNode.reply:
      return (
        fields.length === 4 &&
        isCount(fields[1]) &&
        (fields[2] === 0 || fields[2] === 1) &&
        typeof fields[3] === 'string'
      );
    case fromNode.event:
    case fromNode.part:
      return fields.length === 3 && isCount(fields[1]) && typeof fields[2] === 'string';
    case fromNode.pong:
      return fields.length === 2 && isCount(fields[1]);
    case fromNode.hint:
      return fields.length === 3 && typeof fields[1] === 'string';
    case fromNode.welcome:
      return (
        fields.length === 6 &&
        isCount(fields[1]) &&
        isCount(fields[2]) &&
        isCount(fields[3]) &&
        isListOf(fields[4], 'string') &&
        isListOf(fields[5], 'number') &&
        (fields[5] as unknown[]).length === 3
      );
    default:
      return false;
  }
};

/** A whole number from 0. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isListOf = (value: unknown, type: string): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === type);

export const protocolInvalid = (message: string): TuttiError => new TuttiError('PROTOCOL_INVALID', message);
