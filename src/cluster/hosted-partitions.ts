/**
 * The partitions of one node of a cluster: opens, claims, gives away and drops them as the cluster decides, and tells it what has
 * become of each. Between the cluster (`cluster-node.ts`) and the host that has them (`state-host.ts`).
 *
 * - O1: a partition is opened, claimed or closed one at a time: while one of these is under way nothing else is begun with it.
 * - O2: a claim is made at once: between the cluster's decision and the claim nothing is waited for, or it may be made when the
 *   partition is another's by then. What a leader has to wait for it waits for while it leads (H3 in `roll-call.ts`).
 * - O3: one that ended against its will is dropped at once, but not within the step in which it ended.
 */
import { isTuttiError } from '../errors/tutti-error.ts';
import { StateHost } from '../execution/state/state-host.ts';
import type { StateHostOptions } from '../execution/state/state-host-options.ts';
import type { PartitionEnd, PartitionState } from './claims.ts';
import type { PartitionControl } from './cluster-node.ts';
import { partitionState } from './partition-state.ts';

/** Who wants to know what becomes of partitions. */
export type PartitionWatch = {
  /** What the node has of a partition has changed, and why it ended, where it ended against its will. */
  readonly changed: (partition: number, ended?: PartitionEnd) => void;
  /** It leads, and its tasks are taken over. */
  readonly leading?: (partition: number, epoch: number) => void;
  /** It is open here, as a standby or as the leader. */
  readonly opened?: (partition: number) => void;
  /** It could not be opened or led, or stopped by itself: `LOG_FENCED` for one that was deposed. */
  readonly failed?: (partition: number, error: unknown) => void;
  /** Its leader gave it to a node, this one or another. */
  readonly handedOver?: (partition: number, to: string) => void;
  /** It is let go of. */
  readonly dropped?: (partition: number) => void;
};

export type HostedPartitionsOptions = {
  readonly host: Omit<StateHostOptions, 'onFailed' | 'onLeading' | 'onHandingOver' | 'onHandedOver'>;
  readonly watch: PartitionWatch;
  /** How the process of a partition's leader before ended, where it did. */
  readonly leaderEnded: (partition: number) => string | undefined;
};

/** What is under way with a partition; each time another object. */
type Busy = { readonly what: 'claim' | 'follow' | 'closing' };

export class HostedPartitions implements PartitionControl {
  readonly host: StateHost;
  readonly #options: HostedPartitionsOptions;
  readonly #busy = new Map<number, Busy>();
  readonly #soon: (run: () => void) => void;

  constructor(options: HostedPartitionsOptions) {
    const { watch } = options;
    this.#options = options;
    this.#soon = options.host.soon;
    this.host = new StateHost({
      ...options.host,
      onLeading: (partition, epoch) => {
        watch.changed(partition);
        watch.leading?.(partition, epoch);
      },
      onFailed: (partition, error) => {
        watch.failed?.(partition, error);
        this.#dropSoon(partition, codeOf(error) === 'LOG_FENCED' ? 'deposed' : 'failed');
      },
      onHandingOver: (partition) => watch.changed(partition),
      onHandedOver: (partition, to) => {
        watch.handedOver?.(partition, to);
        if (this.host.parts.get(partition)?.host.core.role === 'handedOver') this.#dropSoon(partition, undefined);
        else watch.changed(partition);
      },
    });
  }

  claim(partition: number): void {
    const role = this.host.parts.get(partition)?.host.core.role ?? 'following';
    const busy = this.#busy.get(partition)?.what;
    if (role !== 'following' || (busy !== undefined && busy !== 'follow')) return;
    void this.#begin(partition, 'claim', () => this.host.claim(partition, this.#options.leaderEnded(partition)));
  }

  follow(partition: number): void {
    if (this.#busy.has(partition) || this.host.parts.get(partition) !== undefined) return;
    void this.#begin(partition, 'follow', () => this.host.follow(partition));
  }

  drop(partition: number): void {
    void this.#drop(partition, undefined);
  }

  handOver(partition: number, to: string): void {
    this.host.handOver(partition, to);
  }

  confirm(partition: number): void {
    this.host.parts.get(partition)?.host.confirm();
  }

  /** The epoch in which it is led here; 0: it is not. */
  epoch(partition: number): number {
    const part = this.host.parts.get(partition);
    return part?.leading === true ? part.host.core.epoch : 0;
  }

  /** It is led here, or about to be, or being closed. */
  busyWith(partition: number): boolean {
    const busy = this.#busy.get(partition)?.what;
    if (busy !== undefined && busy !== 'follow') return true;
    const role = this.host.parts.get(partition)?.host.core.role;
    return role !== undefined && role !== 'following';
  }

  state(partition: number): PartitionState {
    const part = this.host.parts.get(partition);
    return partitionState(part?.host.core, part?.leading === true, this.#busy.get(partition)?.what);
  }

  /** O3 */
  #dropSoon(partition: number, ended: PartitionEnd | undefined): void {
    this.#soon(() => void this.#drop(partition, ended));
  }

  async #drop(partition: number, ended: PartitionEnd | undefined): Promise<void> {
    if (this.#busy.get(partition)?.what === 'closing') return;
    const { watch } = this.#options;
    this.#busy.set(partition, { what: 'closing' });
    watch.dropped?.(partition);
    watch.changed(partition, ended);
    await this.host.drop(partition);
    this.#busy.delete(partition);
    watch.changed(partition);
  }

  async #begin(partition: number, what: Busy['what'], opens: () => Promise<void>): Promise<void> {
    const { watch } = this.#options;
    const busy: Busy = { what };
    this.#busy.set(partition, busy);
    watch.changed(partition);
    let ended: PartitionEnd | undefined;
    try {
      await opens();
      watch.opened?.(partition);
    } catch (error) {
      // What a part that is open hit has been told, and what was dropped meanwhile is no failure.
      if (this.host.parts.get(partition) === undefined && codeOf(error) !== 'CLOSED') watch.failed?.(partition, error);
      ended = 'failed';
    }
    if (this.#busy.get(partition) !== busy) return;
    this.#busy.delete(partition);
    watch.changed(partition, ended);
  }
}

const codeOf = (error: unknown): string | undefined => (isTuttiError(error) ? error.code : undefined);
