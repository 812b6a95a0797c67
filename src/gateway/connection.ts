/**
 * One connection of a client: frames in, calls of the backend and frames out. Knows no socket and no clock; `websocket.ts` has
 * both.
 *
 *     greeting ──hello──▶ open ──close──▶ closed
 *
 * - C1 Nothing reaches the backend before a hello with the right token.
 * - C2 A request is answered once, unless it was stopped or the connection closed; then nothing of it stays behind in the node.
 * - C3 What a client can make a node keep is bounded: requests and streams by number, messages by rate. Beyond that a request is
 *   refused with `OVERLOADED`, which changes nothing.
 *   Where it was the node that had too much, nothing is read from the client for a while then (`hold-back.ts`).
 * - C4 While more than `limits.clientBufferedBytesMax` wait to be taken, streams stand still and nothing is read from the client.
 */
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { MethodArguments } from '../protocol/methods.ts';
import { requestComplaint } from '../protocol/methods.ts';
import { protocolVersion, protocolVersionFloor } from '../protocol/protocol-version.ts';
import {
  type ClientMessage,
  closeCode,
  decodeClientFrame,
  fromClient,
  fromNode,
  type Hello,
  protocolInvalid,
} from '../protocol/wire.ts';
import { encodeError, encodeValue } from '../values/codec.ts';
import type { Backend } from './backend.ts';
import { clientAddresses } from './client-addresses.ts';
import type { HoldBack } from './hold-back.ts';
import { type ConnectionPort, Outgoing } from './outgoing.ts';
import type { OverviewFeed } from './overview-feed.ts';
import { Reading } from './reading.ts';
import { refusalText, tooFast, tooMany, tooManyStreams } from './refusals.ts';
import { ChangingStream, FollowStream, type Stream, type StreamSink } from './streams.ts';

export type ConnectionOptions = {
  readonly backend: Backend;
  /** Whether a client with this token may come in. */
  readonly allows: (token: string | null) => boolean;
  /** The node has refused something for load; it may be asked again after so long. */
  readonly overloaded: (retryMs: number) => void;
  readonly holdBack: HoldBack;
  /** Milliseconds since 1970, and from an origin of its own. */
  readonly clock: { now(): number; monotonic(): number };
  readonly overview: OverviewFeed;
};

/** What is under way for one request. */
type UnderWay = { readonly stream?: Stream; readonly giveUp?: AbortController };

export class Connection {
  readonly #port: ConnectionPort;
  readonly #reading: Reading;
  readonly #options: ConnectionOptions;
  readonly #out: Outgoing;
  readonly #underWay = new Map<number, UnderWay>();
  #state: 'greeting' | 'open' | 'closed' = 'greeting';
  #streams = 0;
  #paused = false;
  /** Messages that may still come now (C3); filled up with time. */
  #allowance: number = limits.clientMessagesPerSecond;
  #filledAt: number;

  constructor(port: ConnectionPort, options: ConnectionOptions) {
    this.#port = port;
    this.#reading = new Reading(port, options.holdBack);
    this.#options = options;
    this.#out = new Outgoing(port);
    this.#filledAt = options.clock.monotonic();
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Requests that will be answered in a moment: not streams, nor what waits for a task's end. */
  get unanswered(): number {
    let count = 0;
    for (const { stream, giveUp } of this.#underWay.values()) if (stream === undefined && giveUp === undefined) count++;
    return count;
  }

  /** Takes a frame. */
  receive(frame: Uint8Array): void {
    if (this.#state === 'closed') return;
    let messages: ClientMessage[];
    try {
      messages = decodeClientFrame(frame);
    } catch (error) {
      this.#refuse(closeCode.malformed, error);
      return;
    }
    const excess = this.#spend(messages.length);
    for (const message of messages) {
      if (this.#isClosed()) return;
      this.#take(message, excess);
    }
  }

  /** Something that was sent has left. */
  drained(): void {
    if (!this.#paused || this.#isClosed() || this.#out.size > limits.clientBufferedBytesMax / 2) return;
    this.#paused = false;
    this.#reading.press(false);
    for (const { stream } of this.#underWay.values()) {
      // What one of them has to catch up with may be enough already.
      if (this.#isPaused() || this.#isClosed()) return;
      stream?.resume();
    }
  }

  /** Tells the client something that it should know: see `Hint`. */
  hint(kind: 'overloaded' | 'addresses' | 'closing', details: unknown): void {
    if (this.#state === 'open') this.#out.put([fromNode.hint, kind, details], 100);
  }

  /** Tells the client that the node ends, and closes. */
  close(code: number = closeCode.goingAway, reason = 'the node ends'): void {
    if (this.#state === 'closed') return;
    this.#out.flush();
    this.closed();
    this.#port.close(code, reason);
  }

  /** The socket is closed: gives up everything that is under way. */
  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#reading.end();
    for (const entry of this.#underWay.values()) giveUp(entry);
    this.#underWay.clear();
  }

  #take(message: ClientMessage, excess: boolean): void {
    if (message[0] === fromClient.hello) {
      if (this.#state === 'greeting') this.#greet(message);
      else this.#refuse(closeCode.malformed, protocolInvalid('A second hello came on one connection.'));
      return;
    }
    if (this.#state === 'greeting') {
      this.#refuse(closeCode.malformed, protocolInvalid('The first message of a connection must be a hello.'));
      return;
    }
    switch (message[0]) {
      case fromClient.request:
        this.#request(message[1], message[3], message.slice(4), excess);
        break;
      case fromClient.stop: {
        const entry = this.#underWay.get(message[1]);
        if (entry !== undefined) this.#finish(message[1], entry);
        break;
      }
      case fromClient.ping:
        this.#out.put([fromNode.pong, message[1]], 10);
        break;
      default:
        message satisfies never;
    }
  }

  #greet([, version, token]: Hello): void {
    if (version < protocolVersionFloor) {
      const message = `The client speaks version ${version} of the protocol; this node speaks ${protocolVersionFloor} to ${protocolVersion}. Update the client.`;
      const details = { client: version, node: protocolVersion };
      this.#refuse(closeCode.version, new TuttiError('PROTOCOL_VERSION', message, { details }));
      return;
    }
    if (!this.#options.allows(token)) {
      const what = token === null ? 'A token is needed' : 'The token is not the right one';
      this.#refuse(closeCode.unauthorized, new TuttiError('UNAUTHORIZED', `${what}: connect(url, { token }).`));
      return;
    }
    this.#state = 'open';
    const bounds: [number, number, number] = [
      limits.clientFrameBytesMax,
      limits.clientRequestsMax,
      limits.clientStreamsMax,
    ];
    this.#out.put(
      [
        fromNode.welcome,
        Math.min(version, protocolVersion),
        this.#options.clock.now(),
        limits.clientHeartbeatMs,
        clientAddresses(this.#options.backend),
        bounds,
      ],
      100,
    );
  }

  #request(request: number, method: string, args: readonly unknown[], excess: boolean): void {
    if (this.#underWay.has(request)) {
      this.#refuse(closeCode.malformed, protocolInvalid(`Request ${request} came twice on one connection.`));
      return;
    }
    const complaint = requestComplaint(method, args);
    if (complaint !== undefined) this.#reply(request, false, encodeError(complaint));
    else if (excess) this.#reply(request, false, tooFast);
    else if (this.#underWay.size >= limits.clientRequestsMax) this.#reply(request, false, tooMany);
    else {
      try {
        this.#call(request, { method, args } as Call);
      } catch (error) {
        this.#reply(request, false, encodeError(error));
      }
    }
  }

  #call(request: number, call: Call): void {
    const { backend } = this.#options;
    switch (call.method) {
      case 'start': {
        const [id, name, input, key, delayMs, wait] = call.args;
        const start = { id, name, input, key: key ?? undefined, delayMs };
        if (wait === 1) this.#wait(request, (signal) => backend.run(start, signal));
        else {
          const refused = backend.startsRefused();
          if (refused !== undefined) this.#overloaded(request, refused);
          else this.#answer(request, {}, backend.start(start).then(JSON.stringify));
        }
        break;
      }
      case 'wait':
        this.#wait(request, (signal) => backend.wait(call.args[0], signal));
        break;
      case 'status':
        this.#answer(request, {}, backend.status(call.args[0]));
        break;
      case 'detail':
        this.#answer(request, {}, backend.detail(call.args[0], call.args[1]));
        break;
      case 'list':
        this.#answer(request, {}, backend.list(call.args[0]));
        break;
      case 'cancel':
        this.#answer(request, {}, backend.cancel(call.args[0]).then(nothing));
        break;
      case 'retry':
        this.#answer(request, {}, backend.retry(call.args[0], call.args[1]).then(nothing));
        break;
      case 'logs':
        this.#answer(request, {}, backend.logs(call.args[0], call.args[1]));
        break;
      case 'app':
        this.#answer(request, {}, Promise.resolve(encodeValue(backend.app)));
        break;
      case 'overview':
        this.#answer(request, {}, this.#options.overview.read());
        break;
      case 'follow': {
        const [id, fromLog] = call.args;
        this.#stream(request, (sink) => new FollowStream(backend, id, fromLog, sink));
        break;
      }
      case 'watchOverview': {
        const { overview } = this.#options;
        this.#stream(request, (sink) => new ChangingStream(overview.read, overview.watch, sink));
        break;
      }
      case 'watchTasks': {
        const read = () => backend.list(call.args[0]);
        this.#stream(
          request,
          (sink) => new ChangingStream(read, (take, end) => backend.changes({ take: () => take(), end }), sink),
        );
        break;
      }
      default:
        call satisfies never;
    }
  }

  #wait(request: number, ask: (signal: AbortSignal) => Promise<string>): void {
    const giveUp = new AbortController();
    this.#answer(request, { giveUp }, ask(giveUp.signal));
  }

  #answer(request: number, entry: UnderWay, answer: Promise<string>): void {
    this.#underWay.set(request, entry);
    answer.then(
      (text) => {
        if (this.#underWay.get(request) !== entry) return;
        this.#underWay.delete(request);
        this.#reply(request, true, text);
      },
      (error: unknown) => {
        if (this.#underWay.get(request) !== entry) return;
        this.#underWay.delete(request);
        if (isTuttiError(error) && error.code === 'OVERLOADED') this.#overloaded(request, error);
        else this.#reply(request, false, encodeError(error));
      },
    );
  }

  #overloaded(request: number, error: TuttiError): void {
    this.#reading.refuse();
    this.#reply(request, false, refusalText(error));
    this.#options.overloaded(Number(error.details['retryMs'] ?? limits.overloadedRetryMs));
  }

  #stream(request: number, make: (sink: StreamSink) => Stream): void {
    if (this.#streams >= limits.clientStreamsMax) {
      this.#reply(request, false, tooManyStreams);
      return;
    }
    const stream = make({
      event: (text) => {
        const rest = this.#parts(request, text);
        this.#out.put([fromNode.event, request, rest], rest.length);
        this.#mindPressure();
      },
      end: (error) => {
        this.#finish(request, entry);
        this.#reply(request, error === undefined, error === undefined ? undefinedText : encodeError(error));
      },
    });
    const entry: UnderWay = { stream };
    this.#streams++;
    this.#underWay.set(request, entry);
    if (!this.#paused) stream.resume();
  }

  #finish(request: number, entry: UnderWay): void {
    if (!this.#underWay.delete(request)) return;
    if (entry.stream !== undefined) this.#streams--;
    giveUp(entry);
  }

  #reply(request: number, ok: boolean, text: string): void {
    const rest = this.#parts(request, text);
    this.#out.put([fromNode.reply, request, ok ? 1 : 0, rest], rest.length);
    this.#mindPressure();
  }

  /** Sends what a long text begins with; its last part is returned. */
  #parts(request: number, text: string): string {
    let at = 0;
    while (text.length - at > limits.textPartChars) {
      let end = at + limits.textPartChars;
      // Half of a pair is no text.
      if (isHighSurrogate(text.charCodeAt(end - 1))) end--;
      this.#out.put([fromNode.part, request, text.slice(at, end)], end - at);
      at = end;
    }
    return at === 0 ? text : text.slice(at);
  }

  /** Ends the connection over what the client did; it is told why. */
  #refuse(code: number, error: unknown): void {
    const { message } = error as Error;
    this.#out.put([fromNode.reply, 0, 0, encodeError(error)], message.length);
    this.close(code, message.slice(0, 100));
  }

  #mindPressure(): void {
    if (this.#paused || this.#out.size <= limits.clientBufferedBytesMax) return;
    this.#paused = true;
    this.#reading.press(true);
    for (const { stream } of this.#underWay.values()) stream?.pause();
  }

  /** Takes so many messages from the allowance; true if it has not so many. */
  #spend(count: number): boolean {
    const now = this.#options.clock.monotonic();
    const perSecond = limits.clientMessagesPerSecond;
    this.#allowance = Math.min(perSecond, this.#allowance + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    if (this.#allowance < count) return true;
    this.#allowance -= count;
    return false;
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #isPaused(): boolean {
    return this.#paused;
  }
}

/** A method with its arguments, looked at by `requestComplaint`. */
type Call = { [M in keyof MethodArguments]: { method: M; args: MethodArguments[M] } }[keyof MethodArguments];

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00;

const undefinedText = encodeValue(undefined);
const nothing = (): string => undefinedText;

const giveUp = ({ stream, giveUp }: UnderWay): void => {
  stream?.stop();
  giveUp?.abort(new TuttiError('CLOSED', 'Nobody waits for the answer any more.'));
};
