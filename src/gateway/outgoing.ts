/**
 * What goes out on one connection: gathers the messages of a turn into frames, and knows how much of it the other side has not
 * taken yet.
 */
import { limits } from '../limits.ts';
import { encodeFrame, type NodeMessage } from '../protocol/wire.ts';

/** The connection's way to the world. */
export type ConnectionPort = {
  send(frame: Uint8Array): void;
  /** Nothing is sent or received any more. */
  close(code: number, reason: string): void;
  /** Bytes taken by `send` that have not left this process. */
  bufferedBytes(): number;
  /** Whether frames are taken from the socket. */
  reading(on: boolean): void;
  /** Runs when everything that is ready to run now has run. */
  soon(run: () => void): void;
};

export class Outgoing {
  readonly #port: ConnectionPort;
  #messages: NodeMessage[] = [];
  #chars = 0;
  #planned = false;

  constructor(port: ConnectionPort) {
    this.#port = port;
  }

  /** Characters and bytes that the other side has not taken. */
  get size(): number {
    return this.#chars + this.#port.bufferedBytes();
  }

  put(message: NodeMessage, chars: number): void {
    this.#messages.push(message);
    this.#chars += chars;
    if (this.#chars >= limits.frameGatherChars) this.flush();
    else if (!this.#planned) {
      this.#planned = true;
      this.#port.soon(() => {
        this.#planned = false;
        this.flush();
      });
    }
  }

  flush(): void {
    if (this.#messages.length === 0) return;
    const messages = this.#messages;
    this.#messages = [];
    this.#chars = 0;
    this.#port.send(encodeFrame(messages));
  }
}
