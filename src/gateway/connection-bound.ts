/**
 * How many connections are served. Those beyond are taken as well, as far as they are few, and their first request is told so: who is
 * cut off without a word comes again at once.
 */
import type { Socket } from 'node:net';
import type { TuttiError } from '../errors/tutti-error.ts';
import { tooManyConnections } from './refusals.ts';

export class ConnectionBound {
  readonly #max: number;
  readonly #refused = new WeakSet<object>();
  #served = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** A connection has come. */
  take(socket: Socket): void {
    if (this.#served >= this.#max) {
      this.#refused.add(socket);
      return;
    }
    this.#served++;
    socket.once('close', () => {
      this.#served--;
    });
  }

  /** What a request over this connection is to be told, if it is not served. */
  refusal(socket: object): TuttiError | undefined {
    return this.#refused.has(socket) ? tooManyConnections(`${this.#max} connections are open`) : undefined;
  }
}
