/** Requests from a node to a service, over the network: request and reply may each be late or lost. */
import { through } from './event-heap.ts';
import type { Place } from './place.ts';

/** The service's side: takes what was sent, and answers at once, later or never. It begins nothing that goes on by itself. */
export type Serve<Reply> = (sent: Uint8Array, answer: (reply: Reply) => void) => void;

/** What a reply is about. */
export type Answered = { readonly asked: unknown; readonly reply: unknown };

const nothing = new Uint8Array(0);

export class Requests {
  readonly #place: Place;
  readonly #service: string;

  constructor(place: Place, service: string) {
    this.#place = place;
    this.#service = service;
  }

  /** Undefined: no answer in time. A life that has ended waits for ever. `about`: what is asked for, for who looks on. */
  once<Reply>(
    kind: string,
    about: unknown,
    bytes: Uint8Array,
    timeoutMs: number,
    serve: Serve<Reply>,
  ): Promise<Reply | undefined> {
    return new Promise((resolve) => this.#ask(kind, about, bytes, timeoutMs, serve, resolve));
  }

  /** Asks again for as long as no answer comes. */
  untilAnswered<Reply>(
    kind: string,
    about: unknown,
    bytes: Uint8Array,
    timeoutMs: number,
    serve: Serve<Reply>,
  ): Promise<Reply> {
    return new Promise((resolve) =>
      this.#ask(kind, about, bytes, timeoutMs, serve, (reply: Reply | undefined) =>
        resolve(reply === undefined ? this.untilAnswered(kind, about, bytes, timeoutMs, serve) : reply),
      ),
    );
  }

  #ask<Reply>(
    kind: string,
    about: unknown,
    bytes: Uint8Array,
    timeoutMs: number,
    serve: Serve<Reply>,
    answered: (reply: Reply | undefined) => void,
  ): void {
    const { simulation, network, life, end } = this.#place;
    if (!life.alive) return;
    const cancel = simulation.after(timeoutMs, life, `${kind}.timeout`, () => {
      simulation.watcher?.happened(end, `${kind}.timeout`, this.#service);
      answered(undefined);
    });
    const arrive = (sent: Uint8Array): typeof through => {
      simulation.note(kind, this.#service);
      serve(sent, (reply) => {
        const take = (): void => {
          cancel();
          answered(reply);
        };
        const told = simulation.watcher && ({ asked: about, reply } satisfies Answered);
        network.send(this.#service, end, life, `${kind}.reply`, nothing, take, told);
      });
      return through;
    };
    network.send(end, this.#service, undefined, kind, bytes, arrive, about);
  }
}
