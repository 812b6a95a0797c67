/**
 * The server's side of simulated logs: what a replicated log service such as a JetStream stream may do to those who append and
 * read. It keeps every record that it acknowledged, until `loseTail` or `makeAnew`.
 *
 * - An append may land though its reply is lost, land late, or be dropped without a word.
 * - A refusal may rest on a proposal that vanishes: nothing stands at the position, then or later.
 * - A read may show an older end than there is; `end` may also count what vanishes.
 * - It may be without a leader for a while (`losesLeader`): what was under way may land, and nobody is told; what comes later is
 *   dropped, and nobody says where the log ends. Any replica answers reads meanwhile, also one that is behind.
 */
import type { SeededRandom } from '../../values/hash.ts';
import type { Simulation } from './simulation.ts';

export type LogFaults = {
  /** Appends that are refused for a proposal that vanishes, of 1. */
  readonly phantom: number;
  /** Appends that land only after up to `lateMs`. */
  readonly late: number;
  readonly lateMs: number;
  /** Appends that are dropped without reply. */
  readonly dropped: number;
  /** Reads that show a log that ends up to `staleRecords` earlier. */
  readonly stale: number;
  /** Answers to `end` that are off by up to `staleRecords`. */
  readonly wrongEnd: number;
  readonly staleRecords: number;
};

export const calmLog: LogFaults = {
  phantom: 0,
  late: 0,
  lateMs: 0,
  dropped: 0,
  stale: 0,
  wrongEnd: 0,
  staleRecords: 0,
};

export type AppendReply = { readonly kind: 'appended'; readonly position: number } | { readonly kind: 'occupied' };

export type ReadReply =
  | { readonly kind: 'records'; readonly first: number; readonly records: readonly Uint8Array[] }
  | { readonly kind: 'trimmed'; readonly start: number };

/** What a log held and does not hold any more. */
export type LostRecords = { readonly first: number; readonly records: readonly Uint8Array[] };

/** So long after its leader has gone, what that one had taken may land. */
const takenMs = 50;

/** One log as its servers have it. */
export class LogService {
  faults: LogFaults = calmLog;
  readonly counts = { phantom: 0, late: 0, dropped: 0, stale: 0, wrongEnd: 0, untold: 0 };
  /** Since when it has no leader, and by how many records its replicas may be behind; undefined: it has one. */
  #leaderless: { readonly sinceMs: number; readonly behindMax: number } | undefined;
  readonly #simulation: Simulation;
  readonly #end: string;
  readonly #random: SeededRandom;
  /** Position of `#records[0]`. */
  #start = 1;
  #records: Uint8Array[] = [];
  /** Called with every record that lands. */
  onLanded: (position: number, bytes: Uint8Array) => void = () => {};

  onTrimmed: () => void = () => {};

  constructor(simulation: Simulation, name: string) {
    this.#simulation = simulation;
    this.#end = `log ${name}`;
    this.#random = simulation.random(this.#end);
  }

  get end(): number {
    return this.#start + this.#records.length - 1;
  }

  get start(): number {
    return this.#start;
  }

  /** The record at a position that is retained. */
  at(position: number): Uint8Array | undefined {
    return this.#records[position - this.#start];
  }

  /** Until `electsLeader` nobody answers for it but to reads, which end up to `behindMax` records too early. */
  losesLeader(behindMax: number): void {
    this.#leaderless = { sinceMs: this.#simulation.nowMs, behindMax };
  }

  electsLeader(): void {
    this.#leaderless = undefined;
  }

  /** An append arrives; `reply` is called at once, later or never. */
  append(bytes: Uint8Array, after: number, reply: (reply: AppendReply) => void): void {
    if (this.#leaderless !== undefined) {
      if (this.#simulation.nowMs > this.#leaderless.sinceMs + takenMs || this.#random.fraction() < 0.5) return;
      this.counts.untold++;
      this.#land(bytes, after, () => {});
      return;
    }
    if (this.#happens(this.faults.dropped, 'dropped')) return;
    if (this.#happens(this.faults.phantom, 'phantom')) {
      reply({ kind: 'occupied' });
      return;
    }
    if (this.#happens(this.faults.late, 'late'))
      this.#simulation.after(this.faults.lateMs * this.#random.fraction(), undefined, 'log.late', () =>
        this.#land(bytes, after, reply),
      );
    else this.#land(bytes, after, reply);
  }

  #land(bytes: Uint8Array, after: number, reply: (reply: AppendReply) => void): void {
    if (after !== this.end) {
      reply({ kind: 'occupied' });
      return;
    }
    this.#records.push(bytes);
    this.#simulation.watcher?.happened(this.#end, 'landed', `at ${this.end}`);
    this.onLanded(this.end, bytes);
    reply({ kind: 'appended', position: this.end });
  }

  read(from: number, maxBytes: number): ReadReply {
    if (from < this.#start) return { kind: 'trimmed', start: this.#start };
    let end = this.end;
    if (this.#happens(this.faults.stale, 'stale')) end -= Math.ceil(this.faults.staleRecords * this.#random.fraction());
    const { behindMax = 0 } = this.#leaderless ?? {};
    if (behindMax > 0) end -= Math.floor((behindMax + 1) * this.#random.fraction());
    const records: Uint8Array[] = [];
    let bytes = 0;
    for (let position = from; position <= end && (records.length === 0 || bytes < maxBytes); position++) {
      const record = this.at(position) as Uint8Array;
      bytes += record.length;
      records.push(record);
    }
    return { kind: 'records', first: from, records };
  }

  /** The end as one of the servers sees it; undefined: nobody says. */
  seenEnd(): number | undefined {
    if (this.#leaderless !== undefined) return undefined;
    if (!this.#happens(this.faults.wrongEnd, 'wrongEnd')) return this.end;
    const off = Math.ceil(this.faults.staleRecords * (this.#random.fraction() - 0.5));
    return Math.max(this.#start - 1, this.end + off);
  }

  /** False: nobody takes it. */
  trim(upTo: number): boolean {
    if (this.#leaderless !== undefined) return false;
    this.#trim(upTo);
    return true;
  }

  #trim(upTo: number): void {
    const start = Math.max(this.#start, Math.min(upTo, this.end));
    if (start === this.#start) return;
    this.#records = this.#records.slice(start - this.#start);
    this.#start = start;
    this.#simulation.watcher?.happened(this.#end, 'trimmed', `begins at ${start}`);
    this.onTrimmed();
  }

  /** The last records are gone, all but the first that is retained at most. */
  loseTail(count: number): LostRecords {
    const first = Math.max(this.#start + 1, this.end - count + 1);
    return { first, records: this.#records.splice(first - this.#start) };
  }

  /** An empty log has its name; with `stray` some record of it lands in that one. */
  makeAnew(stray: boolean): LostRecords {
    const lost = { first: this.#start, records: this.#records };
    this.#start = 1;
    this.#records = stray ? this.#records.slice(-1) : [];
    return lost;
  }

  /** The one that was there before has its name again, unless all of it was put back into the new one. */
  putRight({ first, records }: LostRecords): void {
    if (this.end >= first + records.length - 1) return;
    this.#start = first;
    this.#records = [...records];
  }

  #happens(rate: number, what: keyof LogService['counts']): boolean {
    if (rate <= 0 || this.#random.fraction() >= rate) return false;
    this.counts[what]++;
    this.#simulation.watcher?.happened(this.#end, what, '');
    return true;
  }
}
