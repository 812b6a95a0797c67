/**
 * One connection to NATS that never gives up, and requests over it. Other than the client library's own, a request ends at once
 * when the connection breaks (its answer may be lost, and nobody says so), and one may have many answers.
 *
 * N1. A request that was under way when the connection broke is `lost`: what it asked for may have been done.
 * N2. While there is no connection nothing is published: what is queued then may be dropped at any time, or sent much later.
 * N3. A server that is alive and through which no leader answers is told of (`server-reach.ts`).
 */
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { Timers } from '../../platform/env.ts';
import { ServerReach } from './server-reach.ts';

/** What came of a request: an answer, or why there is none. `refused`: nobody is there to take it. */
export type Reply =
  | { readonly kind: 'answer'; readonly message: Msg }
  | { readonly kind: 'refused' | 'timeout' | 'lost' | 'closed' };

export type LinkEvents = {
  readonly onDisconnected?: () => void;
  readonly onReconnected?: () => void;
  /** The server says no to something, for instance to a subject. */
  readonly onRefused?: (error: Error) => void;
  /** No leader is reached through its server (N3). */
  readonly onDeaf?: () => void;
};

type Waiting = (reply: Reply) => void;

const noRespondersCode = 503;

export class Link {
  readonly connection: NatsConnection;
  readonly #timers: Timers;
  readonly #inbox: string;
  readonly #events: LinkEvents;
  /** Of records, and of all else: a leader that has lost the others may answer questions, and refuse records, for a while. */
  readonly #reach = { records: new ServerReach(), questions: new ServerReach() };
  readonly #waiting = new Map<string, Waiting>();
  #next = 0;
  #connected = true;
  #closed = false;
  /** Who waits for a connection, and who just waits; both end when the link does. */
  readonly #untilConnected = new Set<() => void>();
  readonly #pauses = new Set<() => void>();

  constructor(connection: NatsConnection, timers: Timers, inboxPrefix: string | undefined, events: LinkEvents = {}) {
    this.connection = connection;
    this.#timers = timers;
    this.#events = events;
    this.#inbox = createInbox(inboxPrefix);
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error) events.onRefused?.(error);
        else this.#take(message);
      },
    });
    void this.#watch(events);
  }

  get connected(): boolean {
    return this.#connected && !this.#closed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Settles when there is a connection (true), or after `timeoutMs`, or when this link is closed. */
  async whenConnected(timeoutMs: number): Promise<boolean> {
    if (!this.connected && !this.#closed) await this.#wait(this.#untilConnected, timeoutMs);
    return this.connected;
  }

  /** Ends early when the link is closed. */
  async pause(ms: number): Promise<void> {
    if (!this.#closed) await this.#wait(this.#pauses, ms);
  }

  /**
   * One request and its first answer. Waits for a connection first, within the time. `againMs`: it may be sent more than once, and is, so
   * often, as long as there is no answer: one that came while nobody took it is lost without a word.
   */
  async ask(
    subject: string,
    bytes: Uint8Array,
    timeoutMs: number,
    { headers, againMs }: { readonly headers?: MsgHdrs; readonly againMs?: number } = {},
  ): Promise<Reply> {
    if (!this.connected && !(await this.whenConnected(timeoutMs))) return { kind: this.#closed ? 'closed' : 'lost' };
    return new Promise((resolve) => {
      let cancelAgain = (): void => undefined;
      const end = this.#open(timeoutMs, (reply) => {
        cancelAgain();
        end.close();
        resolve(reply);
      });
      const send = (): void => {
        this.#send(subject, bytes, end.subject, headers);
        if (againMs !== undefined) cancelAgain = this.#timers.after(againMs, send);
      };
      send();
    });
  }

  /**
   * One request and all of its answers, until `take` returns false or is told the end. The time is that between two answers.
   */
  async collect(subject: string, bytes: Uint8Array, timeoutMs: number, take: (reply: Reply) => boolean): Promise<void> {
    if (!this.connected && !(await this.whenConnected(timeoutMs))) {
      take({ kind: this.#closed ? 'closed' : 'lost' });
      return;
    }
    await new Promise<void>((resolve) => {
      const end = this.#open(timeoutMs, (reply) => {
        if (take(reply) && reply.kind === 'answer') return;
        end.close();
        resolve();
      });
      this.#send(subject, bytes, end.subject, undefined);
    });
  }

  /**
   * What came of something, sent at `sentMs` of the monotonic clock, that nobody but a leader of JetStream answers (N3). A record is
   * answered when it is acknowledged; that it is refused says nothing.
   */
  leaderAnswered(what: 'records' | 'questions', answered: boolean, sentMs: number): void {
    const nowMs = performance.now();
    const { records, questions } = this.#reach;
    const reach = what === 'records' ? records : questions;
    if (answered) reach.answered(nowMs);
    if (!this.connected || (answered && what === 'records')) return;
    // Whoever waits to be told what stands in the log sends no record meanwhile.
    const isTooLong = answered ? records.isTooLong(nowMs) : reach.unanswered(sentMs, nowMs) || records.isTooLong(nowMs);
    if (isTooLong) this.#events.onDeaf?.();
  }

  /** No leader has answered for a while, perhaps because none was asked. */
  get isUnsure(): boolean {
    return this.connected && this.#reach.questions.isDue(performance.now());
  }

  /** Publishes if there is a connection; says whether it did. */
  publish(
    subject: string,
    bytes: Uint8Array,
    options?: { readonly headers?: MsgHdrs; readonly reply?: string },
  ): boolean {
    if (!this.connected) return false;
    this.connection.publish(subject, bytes, options);
    return true;
  }

  /** A subject on which `receive` is called for each message, and for each time that nobody took what named it, until `close`. */
  inbox(receive: (reply: Reply) => void): { readonly subject: string; readonly close: () => void } {
    const token = this.#token();
    this.#waiting.set(token, receive);
    return { subject: `${this.#inbox}.${token}`, close: () => void this.#waiting.delete(token) };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#endAll('closed');
    await this.connection.close();
  }

  #wait(among: Set<() => void>, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        among.delete(end);
        resolve();
      };
      const cancel = this.#timers.after(ms, end);
      among.add(end);
    });
  }

  #send(subject: string, bytes: Uint8Array, reply: string, headers: MsgHdrs | undefined): void {
    this.connection.publish(subject, bytes, headers === undefined ? { reply } : { reply, headers });
  }

  #open(timeoutMs: number, take: Waiting): { readonly subject: string; readonly close: () => void } {
    const token = this.#token();
    let cancel: () => void;
    const arm = (): void => {
      cancel = this.#timers.after(timeoutMs, () => take({ kind: 'timeout' }));
    };
    arm();
    this.#waiting.set(token, (reply) => {
      cancel();
      arm();
      take(reply);
    });
    const close = (): void => {
      cancel();
      this.#waiting.delete(token);
    };
    return { subject: `${this.#inbox}.${token}`, close };
  }

  #token(): string {
    return (this.#next++).toString(36);
  }

  #take(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const refused = message.data.length === 0 && message.headers?.code === noRespondersCode;
    this.#waiting.get(token)?.(refused ? { kind: 'refused' } : { kind: 'answer', message });
  }

  async #watch(events: LinkEvents): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') {
        this.#connected = false;
        this.#reach.records.broke();
        this.#reach.questions.broke();
        this.#endAll('lost');
        events.onDisconnected?.();
      } else if (status.type === 'reconnect') {
        this.#connected = true;
        for (const end of [...this.#untilConnected]) end();
        events.onReconnected?.();
      } else if (status.type === 'error') events.onRefused?.(status.error);
    }
    this.#closed = true;
    this.#endAll('closed');
  }

  #endAll(kind: 'lost' | 'closed'): void {
    for (const wait of [...this.#waiting.values()]) wait({ kind });
    if (kind === 'closed') for (const end of [...this.#untilConnected, ...this.#pauses]) end();
  }
}
