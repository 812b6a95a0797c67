/**
 * The client's connection to some node: dials, says hello, listens whether the node is still there, and dials again. Knows no
 * socket, no clock and no timer; they are handed in.
 *
 *     resting ──want──▶ dialing ──open──▶ greeting ──welcome──▶ ready
 *        ▲                 ▲                  │                   │
 *        │              pause over            ▼                   ▼
 *        └──gave up── pausing ◀──────────── lost ◀────────────── lost
 *
 * - K1 What an earlier socket still tells counts for nothing.
 * - K2 The pause before a dial grows with each failure in a row, and is drawn, so that many clients of one node do not come at
 *   once. A connection that worked is dialled again with next to no pause.
 * - K3 A node that is slow is not taken for one that is not there: only when an attempt has failed does the link give up, and where
 *   there is no other address the node has longer to greet. There an attempt that came to nothing, neither connected nor refused,
 *   is made again, each with more time, and ends the wait only after as long.
 * - K4 Addresses learned from a node take the token no further than the first ones did: never from an encrypted to a plain one.
 */

import * as clientLimits from '../client-limits.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import type { Env } from '../platform/env.ts';
import { protocolVersion, protocolVersionFloor } from '../protocol/protocol-version.ts';
import {
  type ClientMessage,
  closeCode,
  decodeNodeFrame,
  encodeFrame,
  fromClient,
  fromNode,
  type NodeMessage,
  type Welcome,
} from '../protocol/wire.ts';
import { decodeError } from '../values/codec.ts';

export interface Socket {
  send(frame: Uint8Array): void;
  close(): void;
  /** Bytes taken by `send` that have not left this process. */
  bufferedBytes(): number;
}

export type SocketEvents = {
  /** There is a connection; what to say hello with is yet to come. */
  reached(): void;
  /** It is open; `token` is what to say hello with. */
  opened(token: string | null): void;
  received(frame: Uint8Array): void;
  /** It is closed, or was never open. */
  closed(code: number): void;
};

/** The world as the client sees it. */
export type ClientWorld = {
  readonly env: Pick<Env, 'clock' | 'timers' | 'random'>;
  dial(address: string, events: SocketEvents): Socket;
  /** Runs when what is ready to run now has mostly run. */
  soon(run: () => void): void;
};

/** Who is told. */
export type LinkOwner = {
  ready(welcome: Welcome): void;
  /** All but welcomes and pongs. */
  message(message: NodeMessage): void;
  /** A connection that was ready is gone; `blame`: the node refused what was sent over it. */
  lost(blame: TuttiError | undefined): void;
  /** No node was reached for too long, or none lets this client in: the link rests until it is wanted again. */
  gaveUp(error: TuttiError): void;
};

export type LinkState = 'resting' | 'dialing' | 'greeting' | 'ready' | 'pausing' | 'closed';

export type LinkOptions = {
  readonly addresses: readonly string[];
  readonly clientId: string;
  /** An attempt that is under way then is let to its end (K3). Undefined: never. */
  readonly giveUpMs: number | undefined;
};

export class Link {
  readonly #world: ClientWorld;
  readonly #owner: LinkOwner;
  readonly #options: LinkOptions;
  #addresses: readonly string[];
  #address = 0;
  #state: LinkState = 'resting';
  #socket: Socket | undefined;
  /** Counts sockets (K1). */
  #generation = 0;
  #failures = 0;
  #heardAt = 0;
  /** What the socket held at the last heartbeat: a node that still takes it is there. */
  #ahead = 0;
  /** When the next heartbeat is due. */
  #beatAt = 0;
  #heartbeatMs: number = clientLimits.clientHeartbeatMs;
  #refusal: TuttiError | undefined;
  /** No node was reached for `giveUpMs`: the next failure is the last one (K3). */
  #isLast = false;
  /** When the first dial of this wait was. */
  #wantedAt = 0;
  /** Ends the wait for what is to come next: the end of a dial, of a pause, the next heartbeat. */
  #cancelNext: (() => void) | undefined;
  #cancelGiveUp: (() => void) | undefined;

  constructor(world: ClientWorld, owner: LinkOwner, options: LinkOptions) {
    this.#world = world;
    this.#owner = owner;
    this.#options = options;
    this.#addresses = options.addresses;
  }

  get state(): LinkState {
    return this.#state;
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** The address that it is or will be connected to. */
  get address(): string {
    return this.#addresses[this.#address % this.#addresses.length] as string;
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedBytes() ?? 0;
  }

  /** There is something to send. */
  want(): void {
    if (this.#state === 'resting') this.#dial();
  }

  /** In state `ready` only. */
  send(frame: Uint8Array): void {
    this.#socket?.send(frame);
  }

  /** The network is back, or somebody looks: dials at once, or makes sure that the node is still there. */
  wake(): void {
    if (this.#state === 'pausing' || this.#state === 'dialing') this.#dial();
    else if (this.#state === 'ready') this.#probe();
  }

  /** Leaves this node for the next one. */
  moveOn(): void {
    if (this.#state === 'ready') this.#lose(undefined);
  }

  /** Learns of other nodes. The first addresses stay. */
  learn(addresses: readonly string[]): void {
    const own = this.#options.addresses;
    const plain = own.some((address) => address.startsWith('ws:'));
    const scheme = plain ? /^wss?:\/\// : /^wss:\/\//;
    const fitting = addresses.filter((address) => scheme.test(address));
    const current = this.address;
    this.#addresses = [...new Set([...own, ...fitting])].slice(0, clientLimits.clientAddressesMax);
    this.#address = Math.max(0, this.#addresses.indexOf(current));
  }

  close(): void {
    this.#state = 'closed';
    this.#letGo();
    this.#cancelGiveUp?.();
  }

  #dial(): void {
    this.#letGo();
    this.#state = 'dialing';
    const { giveUpMs } = this.#options;
    if (giveUpMs !== undefined && this.#cancelGiveUp === undefined) {
      this.#wantedAt = this.#world.env.clock.monotonic();
      this.#cancelGiveUp = this.#world.env.timers.after(giveUpMs, () => {
        this.#isLast = true;
        if (this.#state === 'pausing') this.#giveUp(this.#unreachable());
      });
    }
    const generation = ++this.#generation;
    const live = (): boolean => generation === this.#generation;
    this.#await(Math.min(clientLimits.clientDialMs, clientLimits.clientOpenMs * 2 ** this.#failures), () =>
      this.#silent(),
    );
    this.#socket = this.#world.dial(this.address, {
      reached: () => {
        if (live()) this.#await(this.#greetMs, () => this.#fail());
      },
      opened: (token) => {
        if (live()) this.#greet(token);
      },
      received: (frame) => {
        if (live()) this.#receive(frame);
      },
      closed: (code) => {
        if (live()) this.#closed(code);
      },
    });
  }

  #greet(token: string | null): void {
    this.#state = 'greeting';
    this.#send([fromClient.hello, protocolVersion, token, this.#options.clientId]);
  }

  #send(message: ClientMessage): void {
    this.#socket?.send(encodeFrame([message]));
  }

  #receive(frame: Uint8Array): void {
    this.#heardAt = this.#world.env.clock.monotonic();
    const generation = this.#generation;
    let messages: NodeMessage[];
    try {
      messages = decodeNodeFrame(frame);
    } catch {
      // Something between here and there changed it: another connection may do better.
      this.#fail();
      return;
    }
    for (const message of messages) {
      if (generation !== this.#generation) return;
      if (message[0] === fromNode.pong) continue;
      if (message[0] === fromNode.welcome) this.#welcome(message);
      else if (message[0] === fromNode.reply && message[1] === 0) this.#refusal = refusalOf(message[3]);
      else if (this.#state === 'ready') this.#owner.message(message);
    }
  }

  #welcome(welcome: Welcome): void {
    if (this.#state !== 'greeting') return;
    if (welcome[1] < protocolVersionFloor) {
      const message = `The node speaks version ${welcome[1]} of the protocol; this client speaks ${protocolVersionFloor} to ${protocolVersion}. Update the node.`;
      this.#giveUp(
        new TuttiError('PROTOCOL_VERSION', message, { details: { node: welcome[1], client: protocolVersion } }),
      );
      return;
    }
    this.#state = 'ready';
    this.#endTries();
    this.#heartbeatMs = Math.max(100, welcome[3]);
    this.#awaitBeat();
    this.learn(welcome[4]);
    this.#owner.ready(welcome);
  }

  /** Once a heartbeat: asks a node that was silent whether it is still there, and leaves one that does not answer. */
  readonly #beat = (): void => {
    const now = this.#world.env.clock.monotonic();
    const silentMs = now - this.#heardAt;
    if (now > this.#beatAt + this.#heartbeatMs / 2) {
      // This program was busy or asleep: what came meanwhile may not have been read yet.
      this.#probe();
      return;
    }
    const ahead = this.bufferedBytes;
    const moves = ahead < this.#ahead;
    this.#ahead = ahead;
    if (!moves && silentMs > this.#heartbeatMs * (clientLimits.clientHeartbeatsMissed - 1)) {
      this.#fail();
      return;
    }
    if (silentMs >= this.#heartbeatMs / 2) this.#send([fromClient.ping, 0]);
    this.#awaitBeat();
  };

  #awaitBeat(): void {
    this.#beatAt = this.#world.env.clock.monotonic() + this.#heartbeatMs;
    this.#await(this.#heartbeatMs, this.#beat);
  }

  #probe(): void {
    const heardAt = this.#heardAt;
    this.#send([fromClient.ping, 1]);
    this.#await(probeMs, () => {
      if (this.#heardAt === heardAt) this.#fail();
      else this.#awaitBeat();
    });
  }

  #closed(code: number): void {
    const refusal = this.#refusal;
    if (code === closeCode.unauthorized || code === closeCode.version)
      this.#giveUp(refusal ?? new TuttiError('UNAUTHORIZED', `${this.address} lets this client not in.`));
    else if (code === closeCode.malformed || code === closeCode.tooLarge)
      this.#lose(refusal ?? new TuttiError('PROTOCOL_INVALID', `${this.address} refused what was sent (${code}).`));
    else this.#fail();
  }

  get #isOnly(): boolean {
    return this.#addresses.length === 1;
  }

  /** How long the node that is reached has to greet (K3). */
  get #greetMs(): number {
    return this.#isOnly ? clientLimits.clientDialOnlyMs : clientLimits.clientDialMs;
  }

  /** Nothing came of a dial. The next one needs no pause: this one was long enough. */
  #silent(): void {
    const waitedMs = this.#world.env.clock.monotonic() - this.#wantedAt;
    if (this.#isLast && !(this.#isOnly && waitedMs < clientLimits.clientDialOnlyMs)) {
      this.#fail();
      return;
    }
    this.#failures++;
    this.#address++;
    this.#dial();
  }

  #fail(): void {
    this.#lose(undefined);
  }

  #lose(blame: TuttiError | undefined): void {
    const wasReady = this.#state === 'ready';
    if (!wasReady) this.#failures++;
    if (this.#isLast) {
      this.#giveUp(blame ?? this.#unreachable());
      return;
    }
    this.#pause();
    if (wasReady) this.#owner.lost(blame);
  }

  #pause(): void {
    this.#letGo();
    this.#address++;
    this.#state = 'pausing';
    const { fraction } = this.#world.env.random;
    const growth = backoffMs(this.#failures - 1);
    this.#await(
      this.#failures === 0 ? (fraction() * clientLimits.clientBackoffFirstMs) / 4 : growth * (0.5 + fraction() / 2),
      () => this.#dial(),
    );
  }

  #giveUp(error: TuttiError): void {
    this.#letGo();
    this.#endTries();
    this.#state = 'resting';
    this.#owner.gaveUp(error);
  }

  #endTries(): void {
    this.#cancelGiveUp?.();
    this.#cancelGiveUp = undefined;
    this.#isLast = false;
    this.#failures = 0;
  }

  /** Of the socket and of what was awaited. */
  #letGo(): void {
    this.#generation++;
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    this.#refusal = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #await(delayMs: number, then: () => void): void {
    this.#cancelNext?.();
    this.#cancelNext = this.#world.env.timers.after(delayMs, then);
  }

  #unreachable(): TuttiError {
    const addresses = this.#addresses;
    const seconds = (this.#options.giveUpMs ?? 0) / 1000;
    return new TuttiError(
      'UNREACHABLE',
      `No node was reached at ${addresses.join(', ')} for ${seconds} s: does it run, is the address right, and (in a page) is its origin allowed?`,
      { details: { addresses, reason: 'unreachable' } },
    );
  }
}

/** The longest pause after `failures` in a row that came before the last one. */
export const backoffMs = (failures: number): number =>
  Math.min(clientLimits.clientBackoffMaxMs, clientLimits.clientBackoffFirstMs * 2 ** failures);

/** How long a node that was not heard for a while has to answer when somebody waits. */
const probeMs = 2_000;

const refusalOf = (text: string): TuttiError | undefined => {
  try {
    const error = decodeError(text);
    return isTuttiError(error) ? error : undefined;
  } catch {
    return undefined;
  }
};
