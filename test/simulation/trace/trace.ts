/**
 * What happened in a run, for a person: events at places, messages between them, and what lasted a while. Collected only when
 * asked for; a run goes the same way with and without it.
 */
import type { Simulation } from '../../../src/engine/simulated/simulation.ts';
import type { Fate, SentMessage, Watcher } from '../../../src/engine/simulated/watcher.ts';
import type { Fault } from '../plan.ts';
import { faultWords, lanesOfFault } from './faults.ts';
import { laneOf, partitionOfLane } from './lanes.ts';
import { textOf } from './words.ts';

/** In a few words, and which partitions it is about. */
export type Description = { readonly text: string; readonly partitions: readonly number[] };
export type Describe = (message: SentMessage) => Description;

export type TraceEvent = {
  readonly type: 'event';
  readonly atMs: number;
  readonly lane: string;
  readonly kind: string;
  readonly text: string;
  readonly partitions: readonly number[];
};

export type TraceMessage = {
  readonly type: 'message';
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly text: string;
  readonly sizeBytes: number;
  readonly partitions: readonly number[];
  readonly repeated: boolean;
  /** Undefined: it was lost. */
  readonly arrivesMs: number | undefined;
  fate: Fate;
};

/** Something that lasts: a life, a leadership, a call of a client, a fault. */
export type TraceSpan = {
  readonly kind: 'life' | 'leads' | 'call' | 'fault';
  readonly lanes: readonly string[];
  readonly fromMs: number;
  /** Undefined: until the end of the run. */
  untilMs: number | undefined;
  text: string;
  readonly partitions: readonly number[];
};

export type Broken = { readonly law: string; readonly what: string; readonly atMs: number };

export class Trace implements Watcher {
  /** In the order in which they came about. */
  readonly entries: (TraceEvent | TraceMessage)[] = [];
  readonly spans: TraceSpan[] = [];
  broken: Broken | undefined;
  readonly #describe: Describe;
  readonly #leading = new Map<string, TraceSpan>();
  readonly #wrongClocks = new Map<number, TraceSpan>();
  #simulation: Simulation | undefined;

  constructor(describe: Describe) {
    this.#describe = describe;
  }

  watch(simulation: Simulation): void {
    this.#simulation = simulation;
    simulation.watcher = this;
  }

  happened(at: string | undefined, kind: string, detail: string | Readonly<Record<string, unknown>>): void {
    const lane = laneOf(at);
    const text = typeof detail === 'string' ? detail : textOf(detail);
    const own = partitionOfLane(lane) ?? /\bpartition (\d+)/.exec(text)?.[1];
    const partitions = own === undefined ? [] : [Number(own)];
    this.entries.push({ type: 'event', atMs: this.nowMs, lane, kind, text, partitions });
  }

  sent(message: SentMessage): { fate: Fate } {
    const { from, to, kind, bytes, repeated, arrivesMs } = message;
    const entry: TraceMessage = {
      type: 'message',
      atMs: this.nowMs,
      from,
      to,
      kind,
      ...this.#described(message),
      sizeBytes: bytes.length,
      repeated,
      arrivesMs,
      fate: arrivesMs === undefined ? 'lost' : 'under way',
    };
    this.entries.push(entry);
    return entry;
  }

  /** Something begins; what is returned ends it, and says with which outcome. */
  begins(
    kind: TraceSpan['kind'],
    lane: string,
    text: string,
    partitions: readonly number[] = [],
  ): (outcome: string) => void {
    const span: TraceSpan = { kind, lanes: [lane], fromMs: this.nowMs, untilMs: undefined, text, partitions };
    this.spans.push(span);
    this.happened(lane, `${kind} begins`, text);
    return (outcome) => {
      this.happened(lane, `${kind} ends`, `${text}: ${outcome}`);
      span.untilMs = this.nowMs;
      span.text += `: ${outcome}`;
    };
  }

  fault(fault: Fault, calmFromMs: number): void {
    const forMs = 'forMs' in fault ? (fault.forMs ?? 0) : 'downMs' in fault ? (fault.downMs ?? 0) : 0;
    const span: TraceSpan = {
      kind: 'fault',
      lanes: lanesOfFault(fault),
      fromMs: this.nowMs,
      untilMs: Math.min(this.nowMs + forMs, calmFromMs),
      text: faultWords(fault),
      partitions: 'partition' in fault ? [fault.partition] : [],
    };
    this.spans.push(span);
    if (fault.kind !== 'clock') return;
    // A clock goes wrong until it is set again.
    const before = this.#wrongClocks.get(fault.node);
    if (before !== undefined) before.untilMs = this.nowMs;
    this.#wrongClocks.set(fault.node, span);
    if (fault.skewMs !== 0) span.untilMs = undefined;
  }

  leads(end: string, partition: number, epoch: number): void {
    this.leadsNoMore(end, partition);
    const text = `leads partition ${partition}, epoch ${epoch}`;
    const span: TraceSpan = {
      kind: 'leads',
      lanes: [end],
      fromMs: this.nowMs,
      untilMs: undefined,
      text,
      partitions: [partition],
    };
    this.spans.push(span);
    this.#leading.set(`${end}/${partition}`, span);
  }

  /** `partition` undefined: it leads nothing any more. */
  leadsNoMore(end: string, partition?: number): void {
    for (const [name, span] of this.#leading)
      if (partition === undefined ? name.startsWith(`${end}/`) : name === `${end}/${partition}`) {
        span.untilMs = this.nowMs;
        this.#leading.delete(name);
      }
  }

  /** The time of the run, at last its end. */
  get nowMs(): number {
    return this.#simulation?.nowMs ?? 0;
  }

  /** A bug that is looked for may send what nobody can read: that is shown as well. */
  #described(message: SentMessage): Description {
    try {
      return this.#describe(message);
    } catch (error) {
      return { text: `not readable: ${String(error)}`, partitions: [] };
    }
  }
}
