/**
 * What the replicas of one partition tell each other: how far each has come, records that another one misses, and that there is
 * something new to read. One for each partition that a node has a part in, for as long as the node runs: it answers also while
 * the partition is stopped or opened anew, so that nobody claims without its copies being asked for.
 */
import { pack, unpack } from 'msgpackr';
import type { Bus, LogRecord } from '../engine/engine.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { LogId } from './record.ts';
import type { RecordCopies } from './record-copies.ts';

export type ReplicasOptions = {
  readonly partition: number;
  /** What this replica is called. */
  readonly name: string;
  /** What the others are called that may have copies. One that does not answer costs each claim `askReplicasMs`. */
  readonly others: () => readonly string[];
  readonly copies: RecordCopies;
  readonly bus: Bus;
  readonly env: Env;
};

/** What all replicas that answered know: the highest position that was acknowledged, and of which logs. */
export type ReplicasKnow = { readonly highest: number; readonly logIds: readonly LogId[] };

type Answer = readonly [position: number, logIdHigh: number | null, logIdLow: number | null];
type Packed = readonly [position: number, bytes: Uint8Array];

const nothing = new Uint8Array(0);

const recordsOf = (bytes: Uint8Array): readonly LogRecord[] =>
  (unpack(bytes) as readonly Packed[]).map(([position, record]) => ({ position, bytes: record }));

export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #stop: (() => void)[];
  #position = 0;
  #logId: LogId | undefined;
  /** What to tell of, while that is planned. */
  #progress: number | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    const { bus, copies, name } = options;
    this.#stop = [
      bus.respond(this.#subject('highest', name), () =>
        pack([this.highest, ...(this.#logId ?? [null, null])] as Answer),
      ),
      bus.respond(this.#subject('records', name), async (bytes) =>
        pack(
          (await copies.read(unpack(bytes) as number)).map(({ position, bytes: record }): Packed => [position, record]),
        ),
      ),
    ];
  }

  get name(): string {
    return this.#options.name;
  }

  get copies(): RecordCopies {
    return this.#options.copies;
  }

  /** The highest position that this replica knows to have been acknowledged. */
  get highest(): number {
    return Math.max(this.#position, this.#options.copies.end);
  }

  /** Records up to this position were acknowledged, or stand in the log for good. */
  knows(position: number, logId: LogId | undefined): void {
    this.#position = Math.max(this.#position, position);
    this.#logId ??= logId;
  }

  /** Asks all others, and waits for each no longer than `askReplicasMs`. */
  async ask(): Promise<ReplicasKnow> {
    const { bus, others } = this.#options;
    const answers = await Promise.all(
      others().map((name) =>
        bus.request(this.#subject('highest', name), nothing, limits.askReplicasMs).catch(() => undefined),
      ),
    );
    let { highest } = this;
    const logIds: LogId[] = [];
    for (const bytes of answers) {
      if (bytes === undefined) continue;
      const [position, high, low] = unpack(bytes) as Answer;
      highest = Math.max(highest, position);
      if (high !== null && low !== null) logIds.push([high, low]);
    }
    return { highest, logIds };
  }

  /** The records from a position on of whoever has that one: this replica first, then the others. */
  async fetch(from: number): Promise<readonly LogRecord[]> {
    const { bus, copies, others } = this.#options;
    const own = await copies.read(from);
    if (own.length > 0) return own;
    for (const name of others()) {
      const bytes = await bus
        .request(this.#subject('records', name), pack(from), limits.askReplicasMs)
        .catch(() => undefined);
      const records = bytes === undefined ? [] : recordsOf(bytes);
      if (records.length > 0) return records;
    }
    return [];
  }

  /** Tells whoever follows how far the log reaches: soon and once for many records, or `atOnce`. */
  tellProgress(position: number, atOnce: boolean): void {
    const { env } = this.#options;
    const planned = this.#progress !== undefined;
    this.#progress = position;
    if (atOnce) this.#publishProgress();
    else if (!planned) {
      const ms = Math.max(limits.progressMs, this.#toldAtMs + limits.progressAgainMs - env.clock.monotonic());
      env.timers.after(ms, () => this.#publishProgress());
    }
  }

  #publishProgress(): void {
    const to = this.#progress;
    if (to === undefined) return;
    this.#progress = undefined;
    this.#toldAtMs = this.#options.env.clock.monotonic();
    this.#options.bus.publish(this.#subject('progress', ''), pack(to));
  }

  /** Has the replica called `to` prepare itself to be given the partition, and waits for it no longer than `askReplicasMs`. */
  async prepare(to: string): Promise<void> {
    await this.#options.bus.request(this.#subject('prepare', to), nothing, limits.askReplicasMs).catch(() => undefined);
  }

  /** Tells the replica called `to` that the partition was given to it, with the last records of the log. */
  give(to: string, records: readonly LogRecord[]): void {
    const packed = records.map(({ position, bytes }): Packed => [position, bytes]);
    this.#options.bus.publish(this.#subject('given', to), pack(packed));
  }

  /**
   * Calls `told` with how far the log reaches whenever its leader says so, `prepare` when it is about to give the partition to this
   * replica and waits until that is ready, and `given` with its last records when it has, until the returned function is called.
   */
  follow(
    told: (to: number) => void,
    prepare: () => Promise<void>,
    given: (records: readonly LogRecord[]) => void,
  ): () => void {
    const { bus, name } = this.#options;
    const stop = [
      bus.subscribe(this.#subject('progress', ''), (bytes) => told(unpack(bytes) as number)),
      bus.respond(this.#subject('prepare', name), async () => {
        await prepare();
        return nothing;
      }),
      bus.subscribe(this.#subject('given', name), (bytes) => given(recordsOf(bytes))),
    ];
    return () => {
      for (const each of stop.splice(0)) each();
    };
  }

  close(): void {
    for (const stop of this.#stop.splice(0)) stop();
  }

  #subject(what: string, name: string): string {
    return `partition/${this.#options.partition}/${what}/${name}`;
  }
}
