/**
 * Sends what is asked, in frames: one a turn, and no more than the node takes on.
 *
 * - S1 Of requests that start or await tasks no more are under way than the node takes on, and none is sent while it is overloaded;
 *   all others go past them.
 * - S2 What is too large for the node is refused by itself, before it is sent.
 */

import * as clientLimits from '../client-limits.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { encodeFrame, type Request } from '../protocol/wire.ts';
import type { Entry } from './entry.ts';
import type { ClientWorld, Link } from './link.ts';
import { SendQueue } from './send-queue.ts';

/** Makes the message of a request, and is told which cannot be sent. */
export type SenderOwner = {
  messageOf(entry: Entry): Request | undefined;
  refused(entry: Entry, error: TuttiError): void;
};

export class Sender {
  readonly #world: ClientWorld;
  readonly #link: Link;
  readonly #owner: SenderOwner;
  /** Those that start or await tasks, and all others (S1). */
  readonly #heavy = new SendQueue();
  readonly #light = new SendQueue();
  /** Heavy ones that were sent and not answered. */
  #underWay = 0;
  #underWayMax = 0;
  #frameBytesMax = 0;
  #quietUntil = 0;
  #held = false;
  #planned = false;
  #cancelLater: (() => void) | undefined;
  /** Counts what was asked, to see whether a round has brought anything. */
  #asked = 0;

  constructor(world: ClientWorld, link: Link, owner: SenderOwner) {
    this.#world = world;
    this.#link = link;
    this.#owner = owner;
  }

  put(entry: Entry): void {
    (isHeavy(entry) ? this.#heavy : this.#light).put(entry);
    this.#plan();
  }

  /** It is not to be sent any more. */
  drop(entry: Entry): void {
    (isHeavy(entry) ? this.#heavy : this.#light).drop(entry);
  }

  /** A request that was sent is no longer under way. */
  ended(entry: Entry): void {
    if (!isHeavy(entry)) return;
    this.#underWay--;
    if (this.#heavy.size > 0) this.#plan();
  }

  /** Nothing new is sent over this connection. */
  hold(): void {
    this.#held = true;
  }

  /** There is a connection, to a node with these bounds. */
  begin(frameBytesMax: number, requestsMax: number): void {
    this.#frameBytesMax = frameBytesMax;
    // The rest is for what is answered in a moment.
    this.#underWayMax = Math.max(1, Math.floor(requestsMax * 0.75));
    this.#held = false;
    this.#flush();
  }

  /** The connection is gone: nothing is under way, and nothing waits until it is put again. */
  clear(): void {
    this.#underWay = 0;
    this.#heavy.clear();
    this.#light.clear();
    this.#cancelLater?.();
    this.#cancelLater = undefined;
  }

  /** The node has too much to do: nothing is started for about so long. */
  quiet(ms: number): void {
    // Not everybody comes back in the same moment.
    const pauseMs = Math.min(ms, quietMaxMs) * (1 + this.#world.env.random.fraction());
    this.#quietUntil = Math.max(this.#quietUntil, this.#world.env.clock.monotonic() + pauseMs);
    this.#plan();
  }

  #plan(): void {
    this.#asked++;
    if (this.#planned || this.#link.state !== 'ready') return;
    this.#planned = true;
    this.#awaitQuiet(this.#asked);
  }

  /** What is asked in answer to one frame comes in several rounds of promises: sends when a round has brought nothing more. */
  #awaitQuiet(asked: number): void {
    this.#world.soon(() => {
      if (this.#asked !== asked && this.#heavy.size + this.#light.size < flushAtOnce) {
        this.#awaitQuiet(this.#asked);
        return;
      }
      this.#planned = false;
      this.#flush();
    });
  }

  #flush(): void {
    let entries: Entry[] = [];
    let messages: Request[] = [];
    let chars = 0;
    const send = (): void => {
      this.#send(entries, messages);
      entries = [];
      messages = [];
      chars = 0;
    };
    while (this.#link.state === 'ready' && !this.#held) {
      if (this.#link.bufferedBytes > bufferedBytesMax) {
        this.#later(bufferedLookMs);
        break;
      }
      const entry = this.#next();
      if (entry === undefined) break;
      const message = this.#owner.messageOf(entry);
      if (message === undefined) continue;
      if (isHeavy(entry)) this.#underWay++;
      entries.push(entry);
      messages.push(message);
      chars += charsOf(message);
      if (chars >= clientLimits.frameGatherChars) send();
    }
    send();
  }

  #next(): Entry | undefined {
    const light = this.#light.take();
    if (light !== undefined || this.#heavy.size === 0 || this.#underWay >= this.#underWayMax) return light;
    const quietMs = this.#quietUntil - this.#world.env.clock.monotonic();
    if (quietMs <= 0) return this.#heavy.take();
    this.#later(quietMs);
    return undefined;
  }

  #send(entries: readonly Entry[], messages: readonly Request[]): void {
    if (messages.length === 0) return;
    const frame = encodeFrame(messages);
    if (frame.length <= this.#frameBytesMax) this.#link.send(frame);
    else if (messages.length > 1)
      // Too large together: each by itself.
      entries.forEach((entry, index) => {
        this.#send([entry], [messages[index] as Request]);
      });
    else this.#refuse(entries[0] as Entry, frame.length);
  }

  #refuse(entry: Entry, bytes: number): void {
    entry.sent = false;
    this.ended(entry);
    const message = `${entry.method} takes ${bytes} bytes; the node takes ${this.#frameBytesMax}.`;
    this.#owner.refused(entry, new TuttiError('VALUE_TOO_LARGE', message));
  }

  #later(ms: number): void {
    this.#cancelLater?.();
    this.#cancelLater = this.#world.env.timers.after(ms, () => {
      this.#cancelLater = undefined;
      this.#flush();
    });
  }
}

/** So many asked for are sent at once, whatever else may come in this turn. */
const flushAtOnce = 1_000;
/** A socket is given no more than this ahead. */
const bufferedBytesMax = 4 * 1024 * 1024;
const bufferedLookMs = 5;
const quietMaxMs = 60_000;

export const isHeavy = (entry: Entry): boolean => entry.kind === 'wait' || entry.method === 'start';

const charsOf = (message: Request): number => {
  let chars = 0;
  for (const field of message) if (typeof field === 'string') chars += field.length;
  return chars;
};
