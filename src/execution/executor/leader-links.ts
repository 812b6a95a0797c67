/**
 * What goes out: reports to the leaders' threads, one flat array each at a flush, and the wants that belong to it.
 */

import { appendFlat, type Flat, fromExecutor, isKept } from '../../tasks/messages.ts';
import type { Attempt } from './attempt.ts';
import { KeptReports } from './kept-reports.ts';

type Link = {
  readonly peer: number;
  /** On another node: one's own has the first call. */
  readonly remote: boolean;
  out: Flat /** Wanted and not yet got. */;
  asked: number /** Got and not yet started. */;
  queued: number;
};

export class LeaderLinks {
  private readonly links = new Map<number, Link>();
  private readonly send: (peer: number, flat: Flat) => void;
  /** Entered since the last flush: `started` is due, unless they are through by then. */
  private entered: Attempt[] = [];
  private unsent = 0;
  private resting = false;
  /** Undefined where a partition gets no other leader. */
  readonly kept: KeptReports | undefined;

  constructor(send: (peer: number, flat: Flat) => void, keepsReports: boolean) {
    this.send = send;
    this.kept = keepsReports ? new KeptReports() : undefined;
  }

  add(peer: number, remote: boolean): void {
    this.links.set(peer, { peer, remote, out: [], asked: 0, queued: 0 });
  }

  drop(peer: number): void {
    this.links.delete(peer);
  }

  dropAll(): void {
    this.links.clear();
  }

  /** Asks for nothing more, and takes back what was asked for. What is granted all the same is taken. */
  rest(): void {
    this.resting = true;
    for (const link of this.links.values()) {
      if (link.asked > 0) this.tell(link.peer, fromExecutor.want, [-link.asked]);
      link.asked = 0;
    }
  }

  get anythingUnsent(): boolean {
    return this.unsent > 0 || this.entered.length > 0;
  }

  granted(attempt: Attempt): void {
    const link = this.links.get(attempt.peer);
    if (link === undefined) return;
    link.queued++;
    if (link.asked > 0) link.asked--;
  }

  /** Whether it is a canary: that was not asked for, and is through at once. */
  answersCanary(attempt: Attempt): boolean {
    if (attempt.isCanary) this.report(attempt, fromExecutor.done, ['null', 0]);
    return attempt.isCanary;
  }

  /** It is in the queue no more; `started`: because its code is entered. */
  unqueued(attempt: Attempt, started: boolean): void {
    const link = this.links.get(attempt.peer);
    if (link !== undefined) link.queued--;
    if (started) this.entered.push(attempt);
  }

  /** Adds a report of an attempt. */
  report(attempt: Attempt, op: number, fields: readonly unknown[]): void {
    if (this.kept !== undefined && isKept(op))
      this.kept.keep(attempt, [op, attempt.partition, attempt.epoch, attempt.n, ...fields]);
    const out = this.links.get(attempt.peer)?.out;
    if (out === undefined) return;
    this.unsent++;
    out.push(op, attempt.partition, attempt.epoch, attempt.n);
    appendFlat(out, fields);
  }

  /** Adds what is about no single attempt. */
  tell(peer: number, op: number, fields: readonly unknown[]): void {
    const out = this.links.get(peer)?.out;
    if (out === undefined) return;
    this.unsent++;
    out.push(op);
    appendFlat(out, fields);
  }

  /** Adds `started` where it is due and was not said. */
  reportStarted(attempt: Attempt): void {
    if (attempt.startedSent) return;
    attempt.startedSent = true;
    this.report(attempt, fromExecutor.started, []);
  }

  /** Sends everything, and asks for work so that `target` unstarted tasks are here or on their way. */
  flush(target: number): void {
    if (this.entered.length > 0) {
      for (const attempt of this.entered) if (!attempt.ended) this.reportStarted(attempt);
      this.entered = [];
    }
    this.unsent = 0;
    let local = 0;
    let queued = 0;
    for (const link of this.links.values()) {
      queued += link.queued;
      if (!link.remote) local++;
    }
    for (const link of this.links.values()) {
      const share = this.resting ? 0 : Math.ceil(target / (link.remote ? this.links.size : local));
      const missing = share - link.asked - link.queued;
      // Few at a time while there is still something to do: a message for each would cost more than the tasks.
      // Other nodes are asked by who has nothing to do.
      if (missing > 0 && missing >= share >> 2 && !(link.remote && queued > 0)) {
        link.asked += missing;
        link.out.push(fromExecutor.want, missing);
      }
      if (link.out.length === 0) continue;
      const { out } = link;
      link.out = [];
      this.send(link.peer, out);
    }
  }
}
