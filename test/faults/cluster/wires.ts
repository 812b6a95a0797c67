/**
 * Connections of a cluster under test, each over a relay that can hold what passes, one way or both, or be slow. As in a network, what
 * is held is not lost: it arrives when the fault ends, unless one of the ends has given the connection up by then; nor is it told before
 * that the other end has closed.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const host = '127.0.0.1';
/** So much of a connection waits in a relay before it is read no further. */
const waitingBytesMax = 1024 * 1024;

/** One direction of a wire. */
type Way = { held: boolean; delayMs: number };

type Piece = { readonly dueMs: number; readonly bytes: Buffer | undefined };

/** What passes from one end of a connection to the other. */
class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #way: Way;
  readonly #pieces: Piece[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, way: Way) {
    this.#from = from;
    this.#to = to;
    this.#way = way;
    from.on('data', (bytes: Buffer) => this.#push(bytes));
    from.on('error', () => undefined);
    from.on('close', () => this.#push(undefined));
    to.on('drain', () => this.#balance());
  }

  /** Its ends are gone, and with them what had not arrived. */
  lose(): void {
    clearTimeout(this.#timer);
    this.#pieces.length = 0;
  }

  /** Lets out what may go now. */
  flush(): void {
    clearTimeout(this.#timer);
    while (!this.#way.held) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      const waitMs = piece.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.flush(), waitMs);
        break;
      }
      this.#pieces.shift();
      if (piece.bytes === undefined) this.#to.destroySoon();
      else {
        this.#waitingBytes -= piece.bytes.length;
        this.#to.write(piece.bytes);
      }
    }
    this.#balance();
  }

  #push(bytes: Buffer | undefined): void {
    this.#pieces.push({ dueMs: performance.now() + this.#way.delayMs, bytes });
    this.#waitingBytes += bytes?.length ?? 0;
    this.flush();
  }

  #balance(): void {
    if (this.#waitingBytes > waitingBytesMax || this.#to.writableNeedDrain) this.#from.pause();
    else this.#from.resume();
  }
}

/** Where one party connects to reach another. */
export class Wire {
  /** Of the party that listens; to be said before the first connection. */
  target = 0;
  readonly there: Way = { held: false, delayMs: 0 };
  readonly back: Way = { held: false, delayMs: 0 };
  readonly #server: Server;
  readonly #flows = new Set<Flow>();
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#connect(socket));
  }

  static async open(): Promise<Wire> {
    const server = createServer();
    const wire = new Wire(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, host, resolve);
    });
    return wire;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** After `there` or `back` were changed. */
  changed(): void {
    for (const flow of this.#flows) flow.flush();
  }

  /** Whoever is at one end is gone at once, with all that had not left it; the other end is told. */
  lose(): void {
    for (const flow of this.#flows) flow.lose();
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connect(caller: Socket): void {
    const called = connect({ host, port: this.target });
    const flows = [new Flow(caller, called, this.there), new Flow(called, caller, this.back)];
    for (const flow of flows) this.#flows.add(flow);
    let open = 2;
    for (const socket of [caller, called]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        if (--open === 0) for (const flow of flows) this.#flows.delete(flow);
      });
    }
  }
}

/** Names a party: `node 0`, `server 2`. */
export type Party = `${'node' | 'server'} ${number}`;

/** The wires between parties, by who calls whom. */
export class Wires {
  readonly #wires = new Map<string, { readonly from: Party; readonly to: Party; readonly wire: Wire }>();

  static async open(pairs: readonly (readonly [from: Party, to: Party])[]): Promise<Wires> {
    const wires = new Wires();
    for (const [from, to] of pairs) wires.#wires.set(`${from} ${to}`, { from, to, wire: await Wire.open() });
    return wires;
  }

  between(from: Party, to: Party): Wire {
    const found = this.#wires.get(`${from} ${to}`);
    if (found === undefined) throw new Error(`No wire leads from ${from} to ${to}.`);
    return found.wire;
  }

  /** From now on nothing passes from one to the other, whoever has called whom. */
  hold(from: Party, to: Party): void {
    this.#set(from, to, (way) => {
      way.held = true;
    });
  }

  holdBoth(one: Party, other: Party): void {
    this.hold(one, other);
    this.hold(other, one);
  }

  /** From now on nothing passes to or from this party. */
  holdAll(party: Party): void {
    for (const { from, to } of [...this.#wires.values()]) if (from === party || to === party) this.holdBoth(from, to);
  }

  /** Its machine is gone: what was held on its wires never arrives, and they are free again for who comes after it. */
  lose(party: Party): void {
    for (const { from, to, wire } of this.#wires.values()) {
      if (from !== party && to !== party) continue;
      wire.lose();
      wire.there.held = false;
      wire.back.held = false;
    }
  }

  /** Everything is late by so much. */
  slow(delayMs: () => number): void {
    for (const { wire } of this.#wires.values()) {
      wire.there.delayMs = delayMs();
      wire.back.delayMs = delayMs();
    }
  }

  /** All faults end. */
  heal(): void {
    for (const { wire } of this.#wires.values()) {
      for (const way of [wire.there, wire.back]) {
        way.held = false;
        way.delayMs = 0;
      }
      wire.changed();
    }
  }

  close(): void {
    for (const { wire } of this.#wires.values()) wire.close();
  }

  #set(from: Party, to: Party, change: (way: Way) => void): void {
    for (const one of this.#wires.values()) {
      if (one.from === from && one.to === to) change(one.wire.there);
      if (one.from === to && one.to === from) change(one.wire.back);
      one.wire.changed();
    }
  }
}
