/**
 * A bus over NATS without JetStream: nothing is stored, and what is said while there is no connection is lost.
 *
 * What is longer than a message may be goes in pieces (`bus-pieces.ts`). Requests go to one of those who respond, so a long one
 * first asks for a subject that only this one listens to, or its pieces would go to several.
 *
 * ```
 * requester -- Tutti-Large --> one responder     requester <-- Tutti-Send: subject -- responder
 * requester -- pieces to subject --> responder   requester <-- answer, in pieces where it is long -- responder
 * ```
 */
import { type Msg, type MsgHdrs, headers as natsHeaders } from '@nats-io/transport-node';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';
import { ownBytes } from '../../platform/own-bytes.ts';
import type { Bus } from '../engine.ts';
import { Assembly, cut, parsePlace, placeText } from './bus-pieces.ts';
import type { Link } from './link.ts';

const pieceHeader = 'Tutti-Piece';
const largeHeader = 'Tutti-Large';
const sendHeader = 'Tutti-Send';
const responders = 'responders';
const nothing = new Uint8Array(0);

export class NatsBus implements Bus {
  readonly #link: Link;
  readonly #prefix: string;
  readonly #env: Env;
  readonly #name: string;
  #nextMessage = 0;

  /** `prefix`: what subjects begin with. */
  constructor(link: Link, prefix: string, env: Env) {
    this.#link = link;
    this.#prefix = prefix;
    this.#env = env;
    this.#name = Buffer.from(env.random.bytes(9)).toString('base64url');
  }

  publish(subject: string, bytes: Uint8Array): void {
    // What is sent is looked at later in this turn.
    this.#send(this.#subject(subject), ownBytes(bytes), undefined);
  }

  subscribe(subject: string, receive: (bytes: Uint8Array) => void): () => void {
    const assembly = new Assembly();
    return this.#listen(subject, undefined, (message) => {
      const bytes = this.#whole(message, assembly);
      if (bytes !== undefined) receive(bytes);
    });
  }

  async request(subject: string, sent: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const bytes = ownBytes(sent);
    const deadline = this.#env.clock.monotonic() + timeoutMs;
    const isLarge = bytes.length > limits.busPieceBytes;
    const to = this.#subject(subject);
    const assembly = new Assembly();
    await this.#link.whenConnected(timeoutMs);
    return new Promise((resolve, reject) => {
      const leftMs = (): number => deadline - this.#env.clock.monotonic();
      const ask = (): void => {
        if (!isLarge) this.#link.publish(to, bytes, { reply: inbox.subject });
        else this.#link.publish(to, nothing, { reply: inbox.subject, headers: header(largeHeader, '1') });
      };
      const end = (): void => {
        cancel();
        inbox.close();
      };
      const inbox = this.#link.inbox((reply) => {
        // Servers learn of those who respond in their own time.
        if (reply.kind === 'refused' && leftMs() > limits.natsRetryMs)
          this.#env.timers.after(limits.natsRetryMs, () => {
            if (leftMs() > 0) ask();
          });
        if (reply.kind !== 'answer') return;
        const place = reply.message.headers?.get(sendHeader);
        if (place) {
          this.#send(place, bytes, inbox.subject);
          return;
        }
        const answer = this.#whole(reply.message, assembly);
        if (answer === undefined) return;
        end();
        resolve(answer);
      });
      const cancel = this.#env.timers.after(Math.max(0, leftMs()), () => {
        end();
        reject(
          new TuttiError('BUS_NO_REPLY', `Nobody answered on ${subject} within ${timeoutMs} ms.`, {
            details: { subject, timeoutMs },
          }),
        );
      });
      ask();
    });
  }

  respond(subject: string, answer: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>): () => void {
    const answerTo = async (bytes: Uint8Array, reply: string): Promise<void> => {
      try {
        this.#send(reply, ownBytes(await answer(bytes)), undefined);
      } catch {
        // Who asked learns it by the time-out, as if this node were gone.
      }
    };
    return this.#listen(subject, responders, (message) => {
      const { reply } = message;
      if (reply === undefined) return;
      if (message.headers?.get(largeHeader)) this.#takeLarge(reply, answerTo);
      else void answerTo(ownBytes(message.data), reply);
    });
  }

  /** Tells who asks where to send the pieces, and takes them. */
  #takeLarge(reply: string, answerTo: (bytes: Uint8Array, reply: string) => Promise<void>): void {
    const assembly = new Assembly();
    const inbox = this.#link.inbox((piece) => {
      const bytes = piece.kind === 'answer' ? this.#whole(piece.message, assembly) : undefined;
      if (bytes === undefined) return;
      end();
      void answerTo(bytes, reply);
    });
    const cancel = this.#env.timers.after(limits.busAssemblyMs, () => inbox.close());
    const end = (): void => {
      cancel();
      inbox.close();
    };
    // Also as where to answer: some users may publish to the inboxes of those alone who have asked them.
    this.#link.publish(reply, nothing, { reply: inbox.subject, headers: header(sendHeader, inbox.subject) });
  }

  #listen(subject: string, queue: string | undefined, take: (message: Msg) => void): () => void {
    const subscription = this.#link.connection.subscribe(this.#subject(subject), {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        // Errors are told to the link as well.
        if (error === null) apart(() => take(message));
      },
    });
    return () => subscription.unsubscribe();
  }

  /** The message that this one is, or completes. */
  #whole(message: Msg, assembly: Assembly): Uint8Array | undefined {
    const text = message.headers?.get(pieceHeader);
    if (!text) return ownBytes(message.data);
    const place = parsePlace(text);
    return place && assembly.add({ ...place, bytes: ownBytes(message.data) }, this.#env.clock.monotonic());
  }

  #send(subject: string, bytes: Uint8Array, reply: string | undefined): void {
    const options = reply === undefined ? {} : { reply };
    if (bytes.length <= limits.busPieceBytes) {
      this.#link.publish(subject, bytes, options);
      return;
    }
    const id = `${this.#name}${this.#nextMessage++}`;
    for (const piece of cut(id, bytes, limits.busPieceBytes))
      this.#link.publish(subject, piece.bytes, { ...options, headers: header(pieceHeader, placeText(piece)) });
  }

  /** One token: what has a meaning in subjects of NATS is written in another way. */
  #subject(subject: string): string {
    const token = subject.replaceAll(/[^A-Za-z0-9_/-]/g, (char) => `%${Buffer.from(char).toString('hex')}`);
    return `${this.#prefix}.${token}`;
  }
}

const header = (name: string, value: string): MsgHdrs => {
  const made = natsHeaders();
  made.set(name, value);
  return made;
};

/** A receiver that throws is its own concern, not the connection's. */
const apart = (action: () => void): void => {
  try {
    action();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
};
