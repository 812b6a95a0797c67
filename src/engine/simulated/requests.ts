/** Requests from a node to a service, over the network: request and reply may each be late or lost. */
import type { Place } from './place.ts';

/** The service's side: takes what was sent, and answers at once, later or never. */
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
    const { simulation, network, life, end } = this.#place;
    return new Promise((resolve) => {
      if (!life.alive) return;
      const cancel = simulation.after(timeoutMs, life, `${kind}.timeout`, () => {
        simulation.watcher?.happened(end, `${kind}.timeout`, this.#service);
        resolve(undefined);
      });
      const arrive = (sent: Uint8Array): void => {
        simulation.note(kind, this.#service);
        serve(sent, (reply) => {
          const take = (): void => {
            cancel();
            resolve(reply);
          };
          network.send(this.#service, end, life, `${kind}.reply`, nothing, take, {
            asked: about,
            reply,
          } satisfies Answered);
        });
      };
      network.send(end, this.#service, undefined, kind, bytes, arrive, about);
    });
  }

  /** Asks again for as long as no answer comes. */
  async untilAnswered<Reply>(
    kind: string,
    about: unknown,
    bytes: Uint8Array,
    timeoutMs: number,
    serve: Serve<Reply>,
  ): Promise<Reply> {
    for (;;) {
      const reply = await this.once(kind, about, bytes, timeoutMs, serve);
      if (reply !== undefined) return reply;
    }
  }
}
