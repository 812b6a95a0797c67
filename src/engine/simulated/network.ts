/**
 * The links of a simulated world. What one end sends to another arrives in order, as over one connection, unless the rates say
 * that it comes late, out of order, twice or never; any end may be cut off from any other, in one direction or both. Only
 * bytes go over it, and the receiver gets a copy, or text, of which none is needed.
 */
import type { SeededRandom } from '../../values/hash.ts';
import { ByteCopies } from './byte-copies.ts';
import { through } from './event-heap.ts';
import type { Life, Simulation } from './simulation.ts';

export type NetworkFaults = {
  /** Milliseconds that a message usually takes, at least and at most. */
  readonly delayMs: readonly [least: number, most: number];
  /** How many of 1 take up to `slowMs` instead. */
  readonly slow: number;
  readonly slowMs: number;
  readonly reordered: number;
  readonly lost: number;
  readonly repeated: number;
};

export const calmNetwork: NetworkFaults = {
  delayMs: [0.1, 0.5],
  slow: 0,
  slowMs: 0,
  reordered: 0,
  lost: 0,
  repeated: 0,
};

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);
const bytesOf = (content: Uint8Array | string): Uint8Array =>
  typeof content === 'string' ? encoder.encode(content) : content;

/** From one end to another. */
type Link = {
  cut: boolean;
  /** When the last message arrives. */
  busyUntilMs: number;
};

export class Network {
  faults: NetworkFaults;
  readonly copies = new ByteCopies();
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  readonly #isolated = new Set<string>();
  /** By sender and receiver: to put both names together for each message would cost more than all else here. */
  readonly #links = new Map<string, Map<string, Link>>();
  /** What happened, by kind. */
  readonly counts = { lost: 0, repeated: 0, reordered: 0, slow: 0, cut: 0 };

  constructor(simulation: Simulation, faults: NetworkFaults = calmNetwork) {
    this.#simulation = simulation;
    this.#random = simulation.random('network');
    this.faults = faults;
  }

  /** From now on nothing that `from` sends reaches `to`. */
  cut(from: string, to: string): void {
    this.#link(from, to).cut = true;
  }

  heal(from: string, to: string): void {
    this.#link(from, to).cut = false;
  }

  /** From now on nothing that this end sends or is sent arrives. */
  isolate(end: string): void {
    this.#isolated.add(end);
  }

  join(end: string): void {
    this.#isolated.delete(end);
  }

  isIsolated(end: string): boolean {
    return this.#isolated.has(end);
  }

  healAll(): void {
    this.#isolated.clear();
    for (const links of this.#links.values()) for (const link of links.values()) link.cut = false;
  }

  /**
   * Sends `content` from one end to another. `receive` runs at the receiver, once, twice or never; `life`: whose it is, undefined
   * for a service that does not die, and returns `through` once nothing goes on after it; `about`: what it is, for who looks on.
   */
  send<Content extends Uint8Array | string>(
    from: string,
    to: string,
    life: Life | undefined,
    kind: string,
    content: Content,
    receive: (content: Content) => unknown,
    about?: unknown,
  ): void {
    const { faults } = this;
    const { watcher } = this.#simulation;
    const bytes = watcher === undefined ? nothing : bytesOf(content);
    const link = this.#link(from, to);
    const copies = this.#happens(faults.repeated, 'repeated') ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const repeated = copy > 0;
      if (this.#happens(faults.lost, 'lost')) {
        watcher?.sent({ from, to, kind, bytes, about, repeated, arrivesMs: undefined });
        continue;
      }
      const [least, most] = faults.delayMs;
      let delayMs = least + (most - least) * this.#random.fraction();
      if (this.#happens(faults.slow, 'slow')) delayMs += faults.slowMs * this.#random.fraction();
      if (!this.#happens(faults.reordered, 'reordered')) {
        delayMs = Math.max(delayMs, link.busyUntilMs - this.#simulation.nowMs);
        link.busyUntilMs = this.#simulation.nowMs + delayMs;
      }
      // Of nothing there is nothing to share.
      const sent = typeof content === 'string' || content.length === 0 ? content : (this.copies.of(content) as Content);
      const arrivesMs = this.#simulation.nowMs + delayMs;
      const seen = watcher?.sent({ from, to, kind, bytes, about, repeated, arrivesMs });
      this.#simulation.plan(delayMs, life, kind, () => {
        // Looked at on arrival, so that what is under way when a link is cut is lost with it.
        const cut = link.cut || this.#isolated.has(from) || this.#isolated.has(to);
        if (seen !== undefined) seen.fate = cut ? 'cut' : 'arrived';
        if (!cut) return receive(sent);
        this.counts.cut++;
        return through;
      });
    }
  }

  #link(from: string, to: string): Link {
    let links = this.#links.get(from);
    if (links === undefined) {
      links = new Map();
      this.#links.set(from, links);
    }
    let link = links.get(to);
    if (link === undefined) {
      link = { cut: false, busyUntilMs: 0 };
      links.set(to, link);
    }
    return link;
  }

  #happens(rate: number, what: keyof Network['counts']): boolean {
    if (rate <= 0 || this.#random.fraction() >= rate) return false;
    this.counts[what]++;
    return true;
  }
}
