/** Messages between the nodes of a simulated world. */
import { TuttiError } from '../../errors/tutti-error.ts';
import type { Bus } from '../engine.ts';
import type { Place } from './place.ts';

type Receive = (bytes: Uint8Array) => void;
type Answer = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
type Listener<T> = { readonly place: Place; readonly listener: T; listens: boolean };

/** Who listens where, in the order in which they began. */
export class BusService {
  readonly receivers = new Map<string, Listener<Receive>[]>();
  readonly responders = new Map<string, Listener<Answer>[]>();
}

export class SimulatedBus implements Bus {
  readonly #place: Place;
  readonly #service: BusService;

  constructor(place: Place, service: BusService) {
    this.#place = place;
    this.#service = service;
  }

  publish(subject: string, bytes: Uint8Array): void {
    const { network, life, end } = this.#place;
    if (!life.alive) return;
    for (const receiver of this.#service.receivers.get(subject) ?? []) {
      const { place } = receiver;
      const arrive = (sent: Uint8Array): void => {
        // It may have stopped listening meanwhile.
        if (receiver.listens) receiver.listener(sent);
      };
      network.send(end, place.end, place.life, 'bus', bytes, arrive, subject);
    }
  }

  subscribe(subject: string, receive: Receive): () => void {
    return listen(this.#service.receivers, subject, this.#place, (bytes) => receive(bytes));
  }

  request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { simulation, network, life, end } = this.#place;
    return new Promise((resolve, reject) => {
      if (!life.alive) return;
      const cancel = simulation.after(timeoutMs, life, 'bus.timeout', () =>
        reject(
          new TuttiError('BUS_NO_REPLY', `Nobody answered on ${subject} within ${timeoutMs} ms.`, {
            details: { subject, timeoutMs },
          }),
        ),
      );
      const [responder] = this.#service.responders.get(subject) ?? [];
      if (responder === undefined) return;
      const answered = (reply: Uint8Array): void => {
        const take = (received: Uint8Array): void => {
          cancel();
          resolve(received);
        };
        network.send(responder.place.end, end, life, 'bus.reply', reply, take, subject);
      };
      const arrive = (sent: Uint8Array): void => {
        void Promise.resolve()
          .then(() => responder.listener(sent))
          .then(answered, () => {});
      };
      network.send(end, responder.place.end, responder.place.life, 'bus.request', bytes, arrive, subject);
    });
  }

  respond(subject: string, answer: Answer): () => void {
    return listen(this.#service.responders, subject, this.#place, (bytes) => answer(bytes));
  }
}

/** Whose life ends listens no more. */
const listen = <T>(listeners: Map<string, Listener<T>[]>, subject: string, place: Place, listener: T): (() => void) => {
  const own: Listener<T> = { place, listener, listens: true };
  const stop = (): void => {
    own.listens = false;
    listeners.set(
      subject,
      (listeners.get(subject) ?? []).filter((other) => other !== own),
    );
  };
  listeners.set(subject, [...(listeners.get(subject) ?? []), own]);
  place.life.onEnd(stop);
  return stop;
};
