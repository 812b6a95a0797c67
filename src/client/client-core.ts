/**
 * What a client does, without sockets, clocks and values: texts are asked, sent in frames, asked again when a connection is lost,
 * and answered. All of it happens in calls that return at once.
 *
 * - R1 Every request is answered once: by a node, or by an error that says what is known (`entry.ts`).
 * - R2 What has no answer when a connection is lost is sent again over the next one, in the order in which it was asked, under the
 *   number and ids that it had.
 * - R3 Requests go out in one frame a turn. Of those that start or await tasks no more are under way than the node takes on, and
 *   none while it is overloaded; all others go past them.
 */
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { clientLimits } from '../limits.ts';
import { encodeFrame, fromClient, fromNode, type NodeMessage, type Request, type Welcome } from '../protocol/wire.ts';
import { decodeError } from '../values/codec.ts';
import { type Ask, type Entry, type Reason, truthfulError, unansweredError } from './entry.ts';
import { type ClientWorld, Link, type LinkOptions, type LinkState } from './link.ts';
import { SendQueue } from './send-queue.ts';

export class ClientCore {
  readonly #world: ClientWorld;
  readonly #link: Link;
  readonly #requests = new Map<number, Entry>();
  readonly #streams = new Map<number, Entry>();
  /** Those that start or await tasks, and all others (R3). */
  readonly #heavy = new SendQueue();
  readonly #light = new SendQueue();
  #next = 1;
  /** The first request that has no answer. */
  #below = 1;
  /** Heavy ones that were sent and not answered. */
  #underWay = 0;
  #underWayMax = 0;
  #frameBytesMax = 0;
  #quietUntil = 0;
  #flushPlanned = false;
  #cancelLater: (() => void) | undefined;
  #asked = 0;
  #leaving = false;
  /** What the node's clock is ahead of this one's. */
  #clockAheadMs = 0;
  #watcher: (state: LinkState) => void = () => undefined;

  constructor(world: ClientWorld, options: LinkOptions) {
    this.#world = world;
    const owner = {
      ready: (welcome: Welcome) => this.#ready(welcome),
      message: (message: NodeMessage) => this.#take(message),
      lost: (blame: TuttiError | undefined) => this.#lost(blame),
      gaveUp: (error: TuttiError) => this.#gaveUp(error),
    };
    this.#link = new Link(world, owner, options);
  }

  /** The node's time, as far as it is known: milliseconds since 1970. */
  get nodeTimeMs(): number {
    return this.#world.env.clock.now() + this.#clockAheadMs;
  }

  get addresses(): readonly string[] {
    return this.#link.addresses;
  }

  get state(): LinkState {
    return this.#link.state;
  }

  /** Tells `watcher` whenever a connection begins to work, or ends. */
  watch(watcher: (state: LinkState) => void): void {
    this.#watcher = watcher;
  }

  /** Asks something; what is returned takes it back. Throws `OVERLOADED`, or an error that says that the client is closed. */
  ask<M extends Ask['method']>(asked: Ask<M>): () => void {
    const entry: Entry = {
      ...(asked as unknown as Ask),
      number: this.#next++,
      sent: false,
      copiesLost: 0,
      repeats: 0,
      release: () => undefined,
    };
    if (this.#link.state === 'closed') throw unansweredError(entry, 'closed');
    if (this.#requests.size >= clientLimits.clientPendingMax)
      throw new TuttiError(
        'OVERLOADED',
        `${clientLimits.clientPendingMax} requests of this client wait for answers already.`,
        {
          details: { retryMs: clientLimits.overloadedRetryMs },
        },
      );
    if (entry.signal?.aborted === true) throw unansweredError(entry, 'aborted', entry.signal.reason);
    this.#bound(entry);
    (entry.kind === 'stream' ? this.#streams : this.#requests).set(entry.number, entry);
    this.#enqueue(entry);
    this.#link.want();
    return () => this.#takeBack(entry);
  }

  /** The network is back, or the page is shown. */
  wake(): void {
    this.#link.wake();
  }

  /** Everything that has no answer is told so. */
  close(): void {
    if (this.#link.state === 'closed') return;
    this.#link.close();
    this.#cancelLater?.();
    this.#failAll('closed');
    this.#watcher('closed');
  }

  /** Its timer and its signal. */
  #bound(entry: Entry): void {
    const { timeoutMs, signal } = entry;
    if (timeoutMs === undefined && signal === undefined) return;
    const giveUp = (reason: Reason, cause?: unknown): void => {
      const error = unansweredError(entry, reason, cause);
      if (this.#takeBack(entry)) entry.failed(error);
    };
    const aborted = (): void => giveUp('aborted', signal?.reason);
    const cancel =
      timeoutMs === undefined ? undefined : this.#world.env.timers.after(timeoutMs, () => giveUp('timeout'));
    signal?.addEventListener('abort', aborted, { once: true });
    entry.release = () => {
      cancel?.();
      signal?.removeEventListener('abort', aborted);
    };
  }

  #enqueue(entry: Entry): void {
    (isHeavy(entry) ? this.#heavy : this.#light).put(entry);
    this.#planFlush();
  }

  #planFlush(): void {
    this.#asked++;
    if (this.#flushPlanned || this.#link.state !== 'ready') return;
    this.#flushPlanned = true;
    this.#awaitQuiet(this.#asked);
  }

  /** What is asked in answer to one frame comes in several rounds of promises: sends when a round has brought nothing more. */
  #awaitQuiet(asked: number): void {
    this.#world.soon(() => {
      if (this.#asked !== asked && this.#heavy.size + this.#light.size < flushAtOnce)
        return this.#awaitQuiet(this.#asked);
      this.#flushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    let messages: Request[] = [];
    let chars = 0;
    const send = (): void => {
      if (messages.length === 0) return;
      const frame = encodeFrame(messages);
      if (frame.length <= this.#frameBytesMax) this.#link.send(frame);
      else this.#sendApart(messages);
      messages = [];
      chars = 0;
    };
    while (this.#link.state === 'ready' && !this.#leaving) {
      if (this.#link.bufferedBytes > bufferedBytesMax) {
        this.#later(bufferedLookMs);
        break;
      }
      const entry = this.#nextToSend();
      if (entry === undefined) break;
      const message = this.#messageOf(entry);
      if (message === undefined) continue;
      messages.push(message);
      chars += charsOf(message);
      if (chars >= clientLimits.frameGatherChars) send();
    }
    send();
  }

  #nextToSend(): Entry | undefined {
    const light = this.#light.take();
    if (light !== undefined || this.#heavy.size === 0) return light;
    if (this.#underWay >= this.#underWayMax) return undefined;
    const quietMs = this.#quietUntil - this.#world.env.clock.monotonic();
    if (quietMs > 0) {
      this.#later(quietMs);
      return undefined;
    }
    const heavy = this.#heavy.take();
    if (heavy !== undefined) this.#underWay++;
    return heavy;
  }

  #messageOf(entry: Entry): Request | undefined {
    entry.sent = true;
    try {
      return [fromClient.request, entry.number, this.#answeredBelow(), entry.method, ...entry.args()];
    } catch (error) {
      entry.sent = false;
      this.#settle(entry)?.failed(error as Error);
      return undefined;
    }
  }

  #answeredBelow(): number {
    while (this.#below < this.#next && !this.#requests.has(this.#below)) this.#below++;
    return this.#below;
  }

  /** Of messages that make too large a frame together, each that is not too large by itself. */
  #sendApart(messages: readonly Request[]): void {
    for (const message of messages) {
      const frame = encodeFrame([message]);
      if (frame.length <= this.#frameBytesMax) {
        this.#link.send(frame);
        continue;
      }
      const entry = this.#requests.get(message[1]) ?? this.#streams.get(message[1]);
      if (entry === undefined) continue;
      entry.sent = false;
      const error = new TuttiError(
        'VALUE_TOO_LARGE',
        `${entry.method} takes ${frame.length} bytes; the node takes ${this.#frameBytesMax}.`,
      );
      if (isHeavy(entry)) this.#underWay--;
      this.#settle(entry)?.failed(truthfulError(entry, error));
    }
  }

  #ready(welcome: Welcome): void {
    this.#clockAheadMs = welcome[2] - this.#world.env.clock.now();
    const [frameBytesMax, requestsMax] = welcome[5];
    this.#frameBytesMax = frameBytesMax;
    // The rest is for what is answered in a moment.
    this.#underWayMax = Math.max(1, Math.floor(requestsMax * 0.75));
    this.#leaving = false;
    this.#flush();
    this.#watcher('ready');
  }

  #take(message: NodeMessage): void {
    switch (message[0]) {
      case fromNode.reply:
        this.#reply(message[1], message[2] === 1, message[3]);
        break;
      case fromNode.event:
        this.#streams.get(message[1])?.event?.(message[2]);
        break;
      case fromNode.hint:
        this.#hint(message[1], message[2]);
        break;
      default:
    }
  }

  #reply(number: number, ok: boolean, text: string): void {
    const entry = this.#requests.get(number) ?? this.#streams.get(number);
    if (entry === undefined || !entry.sent) return;
    entry.sent = false;
    if (isHeavy(entry)) this.#underWay--;
    if (ok) this.#settle(entry)?.done(text);
    else this.#failed(entry, errorOf(text));
    if (this.#leaving) this.#leaveIfIdle();
    if (this.#heavy.size > 0) this.#planFlush();
  }

  #failed(entry: Entry, error: Error): void {
    if (isTuttiError(error) && entry.kind !== 'stream') {
      if (error.code === 'OVERLOADED' && isHeavy(entry)) {
        this.#quiet(Number(error.details['retryMs'] ?? clientLimits.overloadedRetryMs));
        this.#enqueue(entry);
        return;
      }
      if (error.outcome === 'unknown' && error.retry === 'same-id' && entry.repeats < repeatsMax) {
        // Whoever answered so does not know what became of it, so a copy may still run.
        entry.copiesLost++;
        const pauseMs = Math.min(
          clientLimits.clientBackoffMaxMs,
          clientLimits.clientBackoffFirstMs * 2 ** entry.repeats++,
        );
        this.#world.env.timers.after(pauseMs, () => {
          if (this.#requests.has(entry.number) && !entry.sent) this.#enqueue(entry);
        });
        return;
      }
    }
    this.#settle(entry)?.failed(truthfulError(entry, error));
  }

  #hint(kind: string, details: unknown): void {
    if (kind === 'overloaded') this.#quiet(Number(details));
    else if (kind === 'addresses' && Array.isArray(details))
      this.#link.learn(details.filter((address) => typeof address === 'string'));
    else if (kind === 'closing') {
      this.#leaving = true;
      this.#leaveIfIdle();
    }
  }

  /** A node that ends is left when it has answered what it answers in a moment; what waits is taken elsewhere. */
  #leaveIfIdle(): void {
    for (const { sent, kind } of this.#requests.values()) if (sent && kind === 'plain') return;
    this.#link.moveOn();
  }

  #quiet(ms: number): void {
    // Not everybody comes back in the same moment.
    const until =
      this.#world.env.clock.monotonic() + Math.min(ms, quietMaxMs) * (1 + this.#world.env.random.fraction());
    this.#quietUntil = Math.max(this.#quietUntil, until);
    this.#planFlush();
  }

  #later(ms: number): void {
    this.#cancelLater?.();
    this.#cancelLater = this.#world.env.timers.after(ms, () => {
      this.#cancelLater = undefined;
      this.#flush();
    });
  }

  /** R2. Where the node refused what came over the connection, what was sent over it is not sent again. */
  #lost(blame: TuttiError | undefined): void {
    this.#underWay = 0;
    this.#heavy.clear();
    this.#light.clear();
    for (const entries of [this.#requests, this.#streams]) {
      for (const entry of entries.values()) {
        if (!entry.sent) this.#enqueue(entry);
        else if (blame !== undefined) {
          const error = unansweredError(entry, 'refused', blame);
          this.#settle(entry)?.failed(error);
        } else {
          entry.sent = false;
          entry.copiesLost++;
          this.#enqueue(entry);
        }
      }
    }
    this.#watcher(this.#link.state);
  }

  #gaveUp(error: TuttiError): void {
    this.#failAll(error.code === 'UNREACHABLE' ? 'unreachable' : 'refused', error);
    this.#watcher(this.#link.state);
  }

  #failAll(reason: Reason, cause?: TuttiError): void {
    this.#underWay = 0;
    this.#heavy.clear();
    this.#light.clear();
    for (const entries of [this.#requests, this.#streams]) {
      for (const entry of [...entries.values()]) {
        const certain = !entry.sent && entry.copiesLost === 0;
        const error = certain && cause !== undefined ? cause : unansweredError(entry, reason, cause);
        this.#settle(entry)?.failed(error);
      }
    }
  }

  /** Nobody waits for it any more; true if somebody did. */
  #takeBack(entry: Entry): boolean {
    if (this.#settle(entry) === undefined) return false;
    if (!entry.sent) return true;
    if (isHeavy(entry)) this.#underWay--;
    if (this.#link.state === 'ready') this.#link.send(encodeFrame([[fromClient.stop, entry.number]]));
    if (this.#heavy.size > 0) this.#planFlush();
    return true;
  }

  /** Takes it from the table; undefined if it was not there any more (R1). */
  #settle(entry: Entry): Entry | undefined {
    const entries = entry.kind === 'stream' ? this.#streams : this.#requests;
    if (!entries.delete(entry.number)) return undefined;
    (isHeavy(entry) ? this.#heavy : this.#light).drop(entry);
    entry.release();
    return entry;
  }
}

/** So many asked for are sent at once, whatever else may come in this turn. */
const flushAtOnce = 1_000;
/** A socket is given no more than this ahead. */
const bufferedBytesMax = 4 * 1024 * 1024;
const bufferedLookMs = 5;
const quietMaxMs = 60_000;
const repeatsMax = 10;

const isHeavy = (entry: Entry): boolean => entry.kind === 'wait' || entry.method === 'start';

const charsOf = (message: Request): number => {
  let chars = 0;
  for (const field of message) if (typeof field === 'string') chars += field.length;
  return chars;
};

const errorOf = (text: string): Error => {
  try {
    return decodeError(text);
  } catch (error) {
    return error as Error;
  }
};
