/**
 * A TCP proxy that treats its connections badly, as a seed says: passes bytes in pieces and late, swallows what comes from some
 * moment on, closes one direction or both. Bytes that it passes are what they were, in their order.
 */

import type { AddressInfo } from 'node:net';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { type SeededRandom, seededRandom } from '../../src/values/hash.ts';

export type FaultCounts = { connections: number; cut: number; halfClosed: number; swallowed: number; delayed: number };

export class FaultyProxy {
  readonly counts: FaultCounts = { connections: 0, cut: 0, halfClosed: 0, swallowed: 0, delayed: 0 };
  /** While off, everything passes as it comes. */
  faulty = true;
  readonly #server: Server;
  readonly #random: SeededRandom;
  readonly #pairs = new Set<() => void>();

  private constructor(server: Server, seed: string) {
    this.#server = server;
    this.#random = seededRandom(seed);
  }

  static async start(targetPort: number, seed: string): Promise<FaultyProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new FaultyProxy(server, seed);
    server.on('connection', (socket) => proxy.#connect(socket, targetPort));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends all connections that are open. */
  cutAll(): void {
    for (const cut of [...this.#pairs]) cut();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cutAll();
    await closed;
  }

  #connect(client: Socket, targetPort: number): void {
    this.counts.connections++;
    const node = createConnection({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const cut = (): void => {
      client.destroy();
      node.destroy();
      this.#pairs.delete(cut);
    };
    this.#pairs.add(cut);
    client.setNoDelay(true);
    node.setNoDelay(true);
    client.on('error', cut);
    node.on('error', cut);
    this.#pass(client, node, cut);
    this.#pass(node, client, cut);
  }

  #pass(from: Socket, to: Socket, cut: () => void): void {
    /** Pieces go out one after the other, however late each is. */
    let before: Promise<void> = Promise.resolve();
    let swallows = false;
    const later = (ms: number, act: () => void): void => {
      before = before.then(
        () =>
          new Promise((resolve) => {
            const go = (): void => {
              act();
              resolve();
            };
            if (ms === 0) go();
            else setTimeout(go, ms);
          }),
      );
    };
    from.on('data', (bytes: Buffer) => {
      if (swallows) return;
      const dice = this.faulty ? this.#random.fraction() : 1;
      if (dice < 0.06) {
        this.counts.cut++;
        // What came before may still get through, or not.
        if (this.#random.fraction() < 0.5) cut();
        else {
          const part = bytes.subarray(0, Math.floor(this.#random.fraction() * bytes.length));
          later(0, () => to.write(part));
          later(1, cut);
        }
      } else if (dice < 0.1) {
        this.counts.swallowed++;
        swallows = true;
        later(this.#random.fraction() * 60, cut);
      } else if (dice < 0.13) {
        this.counts.halfClosed++;
        swallows = true;
        later(0, () => to.end());
        later(this.#random.fraction() * 60, cut);
      } else if (dice < 0.4) {
        this.counts.delayed++;
        const at = Math.floor(this.#random.fraction() * bytes.length);
        later(this.#random.fraction() * 8, () => to.write(bytes.subarray(0, at)));
        later(this.#random.fraction() * 8, () => to.write(bytes.subarray(at)));
      } else later(0, () => to.write(bytes));
    });
    from.on('end', () => later(0, () => to.end()));
    from.on('close', () => later(0, cut));
  }
}
