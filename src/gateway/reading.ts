/** Whether a connection's frames are taken from its socket: not while its client takes nothing, nor while it is held back. */
import type { HoldBack } from './hold-back.ts';
import type { ConnectionPort } from './outgoing.ts';

export class Reading {
  readonly #port: Pick<ConnectionPort, 'reading' | 'soon'>;
  readonly #holdBack: HoldBack;
  #isPressed = false;
  #refused = 0;
  #callOff: (() => void) | undefined;
  #ended = false;

  constructor(port: Pick<ConnectionPort, 'reading' | 'soon'>, holdBack: HoldBack) {
    this.#port = port;
    this.#holdBack = holdBack;
  }

  /** The client has not taken what waits for it; or has again. */
  press(isPressed: boolean): void {
    this.#isPressed = isPressed;
    this.#apply();
  }

  /** A request of it was refused for load. */
  refuse(): void {
    if (this.#ended || this.#refused++ > 0) return;
    this.#apply();
    // What was read in one go is refused in one go.
    this.#port.soon(() => {
      if (!this.#ended) this.#callOff = this.#holdBack.hold(this.#refused, this.#release);
    });
  }

  /** The socket is closed. */
  end(): void {
    this.#ended = true;
    this.#callOff?.();
  }

  readonly #release = (): void => {
    this.#callOff = undefined;
    this.#refused = 0;
    this.#apply();
  };

  #apply(): void {
    this.#port.reading(!this.#isPressed && this.#refused === 0);
  }
}
