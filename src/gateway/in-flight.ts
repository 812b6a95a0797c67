/** How many requests are under way, in all and on each connection: bounded, so that load costs refusals and not memory. */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';

export class InFlight {
  #total = 0;
  readonly #ofConnection = new WeakMap<object, number>();

  get total(): number {
    return this.#total;
  }

  /** Counts one in; returns what counts it out. Throws `OVERLOADED`. */
  enter(connection: object | undefined): () => void {
    const own = connection === undefined ? 0 : (this.#ofConnection.get(connection) ?? 0);
    if (this.#total >= limits.gatewayInFlightMax || own >= limits.gatewayInFlightPerConnectionMax)
      throw new TuttiError(
        'OVERLOADED',
        own >= limits.gatewayInFlightPerConnectionMax
          ? `At most ${limits.gatewayInFlightPerConnectionMax} requests may be under way on one connection.`
          : 'The gateway has as many requests under way as it takes. Try again in a moment.',
        { details: { retryMs: limits.overloadedRetryMs } },
      );
    this.#change(connection, 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#change(connection, -1);
    };
  }

  #change(connection: object | undefined, by: 1 | -1): void {
    this.#total += by;
    if (connection !== undefined) this.#ofConnection.set(connection, (this.#ofConnection.get(connection) ?? 0) + by);
  }
}
