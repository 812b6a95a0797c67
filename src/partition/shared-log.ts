/**
 * What a host does about a log that others can append to, and that can lose its tail: it keeps copies of records, looks whether the
 * log still ends where it should, and has it mended. Nothing of this is there for a log of one's own.
 *
 * What it costs: an idle leader asks for the log's end every `logEndLookMs` at first and `logEndLookMaxMs` at last, and appends an
 * empty record only if that is not where it should be; a claim asks all other replicas once; a checkpoint asks where the log begins,
 * every `trimCopiesMs` at most.
 */
import type { Log, LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import { LogMending } from './log-mending.ts';
import type { Role } from './partition-effect.ts';
import type { LogId } from './record.ts';
import type { Replicas, ReplicasKnow } from './replicas.ts';
import type { UnderWay } from './under-way.ts';

/** After so many appends of the same bytes without effect the log may be too short for them. */
const vainAppendsMax = 3;

export type SharedLogOptions = {
  readonly partition: number;
  readonly log: Log;
  readonly replicas: Replicas | undefined;
  readonly env: Env;
  readonly underWay: UnderWay;
  /** Of the core. */
  readonly state: () => { readonly position: number; readonly role: Role; readonly logId: LogId | undefined };
  /** Has the leader append an empty record, if it is idle. */
  readonly confirm: () => void;
  readonly onFailed: (error: unknown) => void;
};

export class SharedLog {
  readonly #options: SharedLogOptions;
  readonly #mending: LogMending | undefined;
  /** The last records that this leader has had acknowledged: a standby that was given the partition may lack them. */
  readonly #newest: LogRecord[] = [];
  #newestBytes = 0;
  #prepared: { readonly asked: Promise<ReplicasKnow>; readonly atMs: number } | undefined;
  /** Another replica gets ready to be given the partition. */
  #waits = false;
  #vainAppends = 0;
  #busy = false;
  #putsBack = false;
  #trimmedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SharedLogOptions) {
    this.#options = options;
    const { replicas, state } = options;
    this.#mending = replicas && new LogMending({ ...options, replicas, logId: () => state().logId });
  }

  /** A record stands in the log for good. Throws `LOG_DAMAGED` where another one was kept. */
  stands(position: number, bytes: Uint8Array): void {
    this.#vainAppends = 0;
    const { replicas, state, partition } = this.#options;
    const { logId, role } = state();
    // Who has not seen the log begin does not know that this is it.
    if (replicas === undefined || logId === undefined) return;
    if (replicas.copies.keep(position, bytes) === 'differs')
      throw new TuttiError(
        'LOG_DAMAGED',
        `Partition ${partition}: position ${position} of the log holds another record than the one that was applied there before. All copies are kept.`,
        { details: { partition, position } },
      );
    replicas.knows(position, logId);
    if (role !== 'leading' && role !== 'handingOver' && role !== 'handedOver') return;
    this.#remember({ position, bytes });
    if (role !== 'handedOver') replicas.tellProgress(position, false);
  }

  #remember(record: LogRecord): void {
    this.#newest.push(record);
    this.#newestBytes += record.bytes.length;
    while (this.#newest.length > limits.givenRecords || this.#newestBytes > limits.givenBytes)
      this.#newestBytes -= this.#newest.shift()?.bytes.length ?? 0;
  }

  /** The same bytes are appended again. */
  appendsAgain(): void {
    if (++this.#vainAppends < vainAppendsMax || this.#mending === undefined) return;
    this.#once(async (mending) => {
      const { position } = this.#options.state();
      if ((await this.#options.log.end()) < position) {
        this.#putsBack = true;
        await mending?.restore(position);
      }
      this.#vainAppends = 0;
    });
  }

  /** Records are being put back: nothing else is to be appended meanwhile, or it might stand where one of them stood. */
  get putsBack(): boolean {
    return this.#putsBack;
  }

  /** The leader's last record, which stands, gives the partition to this replica: it need not look for it. Others learn of it after. */
  gave(to: string): void {
    const { replicas, state } = this.#options;
    replicas?.give(to, this.#newest);
    replicas?.tellProgress(state().position, true);
  }

  /** The leader is about to give the partition to the replica called `to`: `ready` is called, once, when that one is or has had its time. */
  whenReady(to: string, ready: () => void): void {
    const { replicas, underWay } = this.#options;
    if (this.#waits) return;
    this.#waits = true;
    underWay.track(
      (replicas?.prepare(to) ?? Promise.resolve()).then(() => {
        this.#waits = false;
        ready();
      }),
    );
  }

  /** The leader is about to give the partition to this replica, and leads until others were asked what they know. */
  async prepare(): Promise<void> {
    const { replicas, env } = this.#options;
    if (replicas === undefined) return;
    this.#prepared = { asked: replicas.ask(), atMs: env.clock.monotonic() };
    await this.#prepared.asked;
  }

  /**
   * How far the log must be read before a claim; `snapshot`: the position of the newest one. Undefined: the leader itself said that the
   * log ends where it was read, and what others knew is good until they could have been asked, and once more.
   */
  survey(snapshot: number | undefined): Promise<number> {
    const { position } = this.#options.state();
    const { asked, atMs } = this.#prepared ?? { asked: undefined, atMs: 0 };
    const isFresh = snapshot === undefined && this.#options.env.clock.monotonic() - atMs <= 2 * limits.askReplicasMs;
    return this.#mending?.survey(position, snapshot, isFresh ? asked : undefined) ?? Promise.resolve(position);
  }

  /** From now on it leads: an idle leader would not notice that it was deposed. Where there is no other replica, nobody deposes it. */
  watch(pauseMs: number = limits.logEndLookMs): void {
    const { log, replicas, underWay, state, confirm } = this.#options;
    if (replicas === undefined) return;
    const seen = state().position;
    underWay.later(pauseMs, () => {
      if (state().role !== 'leading') return;
      const idle = state().position === seen;
      if (idle)
        this.#once(async () => {
          if ((await log.end()) !== state().position && !underWay.closing) confirm();
        });
      this.watch(idle ? Math.min(2 * pauseMs, limits.logEndLookMaxMs) : limits.logEndLookMs);
    });
  }

  /** Copies are kept as far back as the log goes, or a little further. */
  trimCopies(): void {
    const { replicas, log, env } = this.#options;
    const now = env.clock.monotonic();
    if (replicas === undefined || now < this.#trimmedAt + limits.trimCopiesMs) return;
    this.#trimmedAt = now;
    void log.start().then(
      (start) => replicas.copies.trim(start),
      () => undefined,
    );
  }

  /** One at a time, and nobody waits for it: the log may be out of reach. */
  #once(work: (mending: LogMending | undefined) => Promise<void>): void {
    if (this.#busy) return;
    this.#busy = true;
    void work(this.#mending)
      .catch((error: unknown) => {
        if (!this.#options.underWay.closing) this.#options.onFailed(error);
      })
      .finally(() => {
        this.#busy = false;
        this.#putsBack = false;
      });
  }
}
