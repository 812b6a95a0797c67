/**
 * A bus within one thread. Messages arrive in a later turn of the event loop, as bytes of their own, as they would over a
 * network; none is lost.
 */
import { TuttiError } from '../../errors/tutti-error.ts';
import type { Timers } from '../../platform/env.ts';
import { ownBytes } from '../../platform/own-bytes.ts';
import type { Bus } from '../engine.ts';

type Receive = (bytes: Uint8Array) => void;
type Answer = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;

export class LocalBus implements Bus {
  readonly #timers: Timers;
  readonly #receivers = new Listeners<Receive>();
  readonly #responders = new Listeners<Answer>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  publish(subject: string, bytes: Uint8Array): void {
    const sent = ownBytes(bytes);
    setImmediate(() => {
      // A copy for each: receivers own what they get. One that throws is its own concern, not the others'.
      for (const receive of this.#receivers.of(subject)) queueMicrotask(() => receive(ownBytes(sent)));
    });
  }

  subscribe(subject: string, receive: Receive): () => void {
    return this.#receivers.add(subject, receive);
  }

  request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const sent = ownBytes(bytes);
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(timeoutMs, () => {
        const message = `Nobody answered on ${subject} within ${timeoutMs} ms.`;
        reject(new TuttiError('BUS_NO_REPLY', message, { details: { subject, timeoutMs } }));
      });
      setImmediate(() => {
        const [answer] = this.#responders.of(subject);
        if (!answer) return;
        // A responder that fails gives no answer; the one who asks learns it by the time-out, as over a network.
        void Promise.resolve()
          .then(() => answer(sent))
          .then(
            (reply) => {
              cancel();
              resolve(ownBytes(reply));
            },
            () => {},
          );
      });
    });
  }

  respond(subject: string, answer: Answer): () => void {
    return this.#responders.add(subject, answer);
  }
}

/** Who listens on which subject; each `add` is a listener of its own, even of the same function. */
class Listeners<T> {
  readonly #bySubject = new Map<string, Set<{ readonly listener: T }>>();

  of(subject: string): readonly T[] {
    return [...(this.#bySubject.get(subject) ?? [])].map(({ listener }) => listener);
  }

  add(subject: string, listener: T): () => void {
    const entry = { listener };
    const listeners = this.#bySubject.get(subject) ?? new Set();
    this.#bySubject.set(subject, listeners.add(entry));
    return () => {
      listeners.delete(entry);
      if (listeners.size === 0 && this.#bySubject.get(subject) === listeners) this.#bySubject.delete(subject);
    };
  }
}
