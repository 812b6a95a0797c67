/** A world for a client in which sockets, time and turns are moved by the test, and a node that answers as it is told. */
import {
  type ClientMessage,
  closeCode,
  decodeClientFrame,
  encodeFrame,
  fromClient,
  fromNode,
  type NodeMessage,
  type Request,
} from '../protocol/wire.ts';
import { ClientCore } from './client-core.ts';
import type { Ask } from './entry.ts';
import type { ClientWorld, LinkOptions, SocketEvents } from './link.ts';

/** The node's end of a connection. */
export class FakeSocket {
  readonly address: string;
  readonly events: SocketEvents;
  readonly received: ClientMessage[] = [];
  /** Messages in each frame. */
  readonly frames: number[] = [];
  isClosed = false;
  buffered = 0;

  constructor(address: string, events: SocketEvents) {
    this.address = address;
    this.events = events;
  }

  /** Opens it: what the client says hello with is known at once. */
  opens(token: string | null = null): void {
    this.events.reached();
    this.events.opened(token);
  }

  /** Opens it, and welcomes the client. */
  welcome(options: { timeMs?: number; addresses?: string[]; bounds?: [number, number, number] } = {}): void {
    const { timeMs = 0, addresses = [], bounds = [1_000_000, 100, 10] } = options;
    this.opens();
    this.tell([fromNode.welcome, 1, timeMs, 5_000, addresses, bounds]);
  }

  tell(...messages: NodeMessage[]): void {
    this.events.received(encodeFrame(messages));
  }

  answer(request: number, text: string, ok: 0 | 1 = 1): void {
    this.tell([fromNode.reply, request, ok, text]);
  }

  breaks(code: number = closeCode.goingAway): void {
    this.events.closed(code);
  }

  get requests(): readonly Request[] {
    return this.received.filter((message): message is Request => message[0] === fromClient.request);
  }
}

type Timer = { readonly at: number; readonly fire: () => void };

export class FakeWorld implements ClientWorld {
  readonly sockets: FakeSocket[] = [];
  nowMs = 0;
  readonly #timers = new Set<Timer>();
  readonly #soon: (() => void)[] = [];

  readonly env = {
    clock: { now: () => this.nowMs, monotonic: () => this.nowMs },
    timers: {
      after: (delayMs: number, fire: () => void) => {
        const timer = { at: this.nowMs + delayMs, fire };
        this.#timers.add(timer);
        return () => this.#timers.delete(timer);
      },
    },
    random: { bytes: (count: number) => new Uint8Array(count), fraction: () => 0.5 },
  };

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  dial(address: string, events: SocketEvents) {
    const socket = new FakeSocket(address, events);
    this.sockets.push(socket);
    return {
      send: (frame: Uint8Array) => {
        const messages = decodeClientFrame(frame);
        socket.frames.push(messages.length);
        socket.received.push(...messages);
      },
      close: () => {
        socket.isClosed = true;
      },
      bufferedBytes: () => socket.buffered,
    };
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('Nothing was dialled.');
    return socket;
  }

  /** Lets the turn end. */
  settle(): void {
    while (this.#soon.length > 0) for (const run of this.#soon.splice(0)) run();
  }

  /** Time passes, and timers fire in their order. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    while (true) {
      this.settle();
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next);
      this.nowMs = next.at;
      next.fire();
    }
    this.nowMs = end;
  }

  /** Time passes, and only then is anything looked at: each timer that is due fires once, late. */
  sleep(ms: number): void {
    this.nowMs += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.nowMs);
    for (const timer of due) if (this.#timers.delete(timer)) timer.fire();
    this.settle();
  }

  get timers(): number {
    return this.#timers.size;
  }
}

/** What came of something that was asked. */
export type Asked = {
  readonly texts: string[];
  readonly events: string[];
  readonly errors: Error[];
  readonly takeBack: () => void;
};

export class FakeClient {
  readonly world = new FakeWorld();
  readonly core: ClientCore;

  constructor(options: Partial<LinkOptions> = {}) {
    this.core = new ClientCore(this.world, {
      addresses: ['ws://a'],
      clientId: 'c',
      giveUpMs: 30_000,
      ...options,
    });
  }

  ask(method: Ask['method'], args: readonly unknown[], options: Partial<Ask> = {}): Asked {
    const asked = { texts: [] as string[], events: [] as string[], errors: [] as Error[] };
    const takeBack = this.core.ask({
      kind: 'plain',
      method,
      args: () => args as never,
      done: (text) => asked.texts.push(text),
      failed: (error) => asked.errors.push(error),
      event: (text) => asked.events.push(text),
      ...options,
    });
    return { ...asked, takeBack };
  }

  start(name: string, options: Partial<Ask> = {}): Asked {
    return this.ask('start', [name, name, '1', null, 0, 0], { id: () => name, ...options });
  }
}

/** A client that is connected. */
export const readyClient = (options: ConstructorParameters<typeof FakeClient>[0] = {}, welcome = {}): FakeClient => {
  const client = new FakeClient(options);
  client.ask('app', []);
  client.world.socket.welcome(welcome);
  client.world.socket.answer(1, '{}');
  client.world.socket.frames.length = 0;
  client.world.socket.received.length = 0;
  return client;
};
