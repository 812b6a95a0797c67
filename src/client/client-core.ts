/**
 * What a client does, without sockets, clocks and values: texts are asked, sent in frames, asked again when a connection is lost,
 * and answered. All of it happens in calls that return at once.
 *
 * - R1 Every request is answered once: by a node, or by an error that says what is known (`entry.ts`).
 * - R2 What has no answer when a connection is lost is sent again over the next one, in the order in which it was asked, under the
 *   number and ids that it had.
 */

import * as clientLimits from '../client-limits.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { encodeFrame, fromClient, fromNode, type NodeMessage, type Request, type Welcome } from '../protocol/wire.ts';
import { decodeError } from '../values/codec.ts';
import { type Ask, type Entry, isOnlyCopy, type Reason, truthfulError, unansweredError } from './entry.ts';
import { backoffMs, type ClientWorld, Link, type LinkOptions, type LinkState } from './link.ts';
import { isHeavy, Sender } from './sender.ts';

export class ClientCore {
  readonly #world: ClientWorld;
  readonly #link: Link;
  /** What has no answer, in the order in which it was asked. */
  readonly #entries = new Map<number, Entry>();
  readonly #sender: Sender;
  #next = 1;
  /** The first request that has no answer. */
  #below = 1;
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
    this.#sender = new Sender(world, this.#link, {
      messageOf: (entry) => this.#messageOf(entry),
      refused: (entry, error) => this.#settle(entry)?.failed(truthfulError(entry, error)),
    });
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
      begun: '',
      copiesLost: 0,
      repeats: 0,
      release: () => undefined,
    };
    if (this.#link.state === 'closed') throw unansweredError(entry, 'closed');
    if (this.#entries.size >= clientLimits.clientPendingMax)
      throw new TuttiError(
        'OVERLOADED',
        `${clientLimits.clientPendingMax} requests of this client wait for answers already.`,
        {
          details: { retryMs: clientLimits.overloadedRetryMs },
        },
      );
    if (entry.signal?.aborted === true) throw unansweredError(entry, 'aborted', entry.signal.reason);
    this.#bound(entry);
    this.#entries.set(entry.number, entry);
    this.#sender.put(entry);
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
    while (this.#below < this.#next && !this.#awaits(this.#below)) this.#below++;
    return this.#below;
  }

  #awaits(number: number): boolean {
    return (this.#entries.get(number)?.kind ?? 'stream') !== 'stream';
  }

  #ready(welcome: Welcome): void {
    this.#clockAheadMs = welcome[2] - this.#world.env.clock.now();
    this.#leaving = false;
    this.#sender.begin(welcome[5][0], welcome[5][1]);
    this.#watcher('ready');
  }

  #take(message: NodeMessage): void {
    switch (message[0]) {
      case fromNode.reply:
        this.#reply(message[1], message[2] === 1, message[3]);
        break;
      case fromNode.event:
        this.#event(message[1], message[2]);
        break;
      case fromNode.part: {
        const entry = this.#entries.get(message[1]);
        if (entry !== undefined) entry.begun += message[2];
        break;
      }
      case fromNode.hint:
        this.#hint(message[1], message[2]);
        break;
      default:
    }
  }

  #event(number: number, rest: string): void {
    const entry = this.#entries.get(number);
    if (entry?.event === undefined) return;
    const text = entry.begun + rest;
    entry.begun = '';
    entry.event(text);
  }

  #reply(number: number, ok: boolean, rest: string): void {
    const entry = this.#entries.get(number);
    if (entry === undefined || !entry.sent) return;
    const text = entry.begun + rest;
    entry.begun = '';
    entry.sent = false;
    this.#sender.ended(entry);
    if (ok) this.#settle(entry)?.done(text);
    else this.#failed(entry, errorOf(text));
    if (this.#leaving) this.#leaveIfIdle();
  }

  #failed(entry: Entry, error: Error): void {
    if (isTuttiError(error) && entry.kind !== 'stream') {
      if (error.code === 'OVERLOADED' && isHeavy(entry)) {
        this.#sender.quiet(Number(error.details['retryMs'] ?? clientLimits.overloadedRetryMs));
        this.#sender.put(entry);
        return;
      }
      if (
        error.code === 'REQUEST_EXPIRED' &&
        entry.renew !== undefined &&
        isOnlyCopy(entry) &&
        entry.repeats < repeatsMax
      ) {
        // It was held up on its way, and nothing of it can have run.
        entry.repeats++;
        entry.renew(Number(error.details['timeMs'] ?? 0));
        this.#sender.put(entry);
        return;
      }
      if (error.outcome === 'unknown' && error.retry === 'same-id' && entry.repeats < repeatsMax) {
        // Whoever answered so does not know what became of it, so a copy may still run.
        entry.copiesLost++;
        this.#world.env.timers.after(backoffMs(entry.repeats++), () => {
          if (this.#entries.has(entry.number) && !entry.sent) this.#sender.put(entry);
        });
        return;
      }
    }
    this.#settle(entry)?.failed(truthfulError(entry, error));
  }

  #hint(kind: string, details: unknown): void {
    if (kind === 'overloaded') this.#sender.quiet(Number(details));
    else if (kind === 'addresses' && Array.isArray(details))
      this.#link.learn(details.filter((address) => typeof address === 'string'));
    else if (kind === 'closing') {
      this.#leaving = true;
      this.#sender.hold();
      this.#leaveIfIdle();
    }
  }

  /** A node that ends is left when it has answered what it answers in a moment; what waits is taken elsewhere. */
  #leaveIfIdle(): void {
    for (const { sent, kind } of this.#entries.values()) if (sent && kind === 'plain') return;
    this.#link.moveOn();
  }

  /** R2. Where the node refused what came over the connection, what was sent over it is not sent again. */
  #lost(blame: TuttiError | undefined): void {
    this.#sender.clear();
    for (const entry of this.#entries.values()) {
      if (!entry.sent) this.#sender.put(entry);
      else if (blame !== undefined) {
        const error = unansweredError(entry, 'refused', blame);
        this.#settle(entry)?.failed(error);
      } else {
        entry.sent = false;
        entry.begun = '';
        entry.copiesLost++;
        this.#sender.put(entry);
      }
    }
    this.#watcher(this.#link.state);
  }

  #gaveUp(error: TuttiError): void {
    this.#failAll(error.code === 'UNREACHABLE' ? 'unreachable' : 'refused', error);
    this.#watcher(this.#link.state);
  }

  #failAll(reason: Reason, cause?: TuttiError): void {
    this.#sender.clear();
    for (const entry of [...this.#entries.values()]) {
      const certain = !entry.sent && entry.copiesLost === 0;
      const error = certain && cause !== undefined ? cause : unansweredError(entry, reason, cause);
      this.#settle(entry)?.failed(error);
    }
  }

  /** Nobody waits for it any more; true if somebody did. */
  #takeBack(entry: Entry): boolean {
    if (this.#settle(entry) === undefined) return false;
    if (!entry.sent) return true;
    this.#sender.ended(entry);
    if (this.#link.state === 'ready') this.#link.send(encodeFrame([[fromClient.stop, entry.number]]));
    return true;
  }

  /** Takes it from the table; undefined if it was not there any more (R1). */
  #settle(entry: Entry): Entry | undefined {
    if (!this.#entries.delete(entry.number)) return undefined;
    this.#sender.drop(entry);
    entry.release();
    return entry;
  }
}

const repeatsMax = 10;

const errorOf = (text: string): Error => {
  try {
    return decodeError(text);
  } catch (error) {
    return error as Error;
  }
};
