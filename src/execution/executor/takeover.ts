/**
 * What becomes of attempts when the leader of their partition changes: the new one asks what runs, takes over what waits for
 * nothing from a leader, and the rest is let go of. Where no leader asks, they are let go of after a while.
 *
 * - A2: what was reported and not acknowledged is told again with the answer, also of attempts that have ended: what they have done
 *   counts, and is not done again.
 */
import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';
import { appendFlat, type Flat, fromExecutor, toExecutor } from '../../tasks/messages.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { LeaderLinks } from './leader-links.ts';

export class Takeover {
  private readonly attempts: AttemptTable;
  private readonly links: LeaderLinks;
  private readonly env: Env;
  private readonly letGo: (attempt: Attempt, why: string) => void;

  constructor(attempts: AttemptTable, links: LeaderLinks, env: Env, letGo: (attempt: Attempt, why: string) => void) {
    this.attempts = attempts;
    this.links = links;
    this.env = env;
    this.letGo = letGo;
  }

  /** A `rollCall` or `taken`, beginning at `at`. */
  told(peer: number, flat: Flat, at: number): void {
    const [op, partition, epoch] = flat.slice(at, at + 3) as [number, number, number];
    if (op === toExecutor.rollCall) this.called(peer, partition, epoch);
    // Of a leader that another has followed, that was told all of it.
    else if (!this.attempts.outdated(partition, epoch)) this.links.kept?.taken(peer, partition, flat[at + 3] as number);
  }

  /** A new leader, behind `peer`, asks what runs of its partition. */
  private called(peer: number, partition: number, epoch: number): void {
    if (!this.attempts.called(partition, epoch)) return;
    const going: Flat = [];
    for (const attempt of [...this.attempts]) {
      if (attempt.partition !== partition || attempt.epoch >= epoch) continue;
      if (attempt.waitsForLeader(this.links.kept !== undefined)) this.letGo(attempt, 'its partition has a new leader');
      else {
        attempt.peer = peer;
        going.push(attempt.epoch, attempt.n);
      }
    }
    const reports = this.tellAgain(peer, partition, epoch, going);
    this.links.tell(peer, fromExecutor.runs, [partition, epoch, going, reports]);
  }

  /** A2. Adds to `going` whose reports these are. */
  private tellAgain(peer: number, partition: number, epoch: number, going: Flat): Flat {
    const reports: Flat = [];
    /** Attempts that are here no more, and whether they have told how they ended. */
    const gone = new Map<string, { readonly epoch: number; readonly n: number; ended: boolean }>();
    for (const { epoch: own, n, flat } of this.links.kept?.moveTo(peer, partition, epoch) ?? []) {
      appendFlat(reports, flat);
      if (this.attempts.find(partition, own, n) !== undefined) continue;
      const name = `${own} ${n}`;
      const attempt = gone.get(name) ?? { epoch: own, n, ended: false };
      attempt.ended ||= flat[0] === fromExecutor.done || flat[0] === fromExecutor.failed;
      gone.set(name, attempt);
    }
    for (const { epoch: own, n, ended } of gone.values()) {
      going.push(own, n);
      if (!ended) reports.push(fromExecutor.returned, partition, own, n);
    }
    return reports;
  }

  /** A leader's thread is gone. */
  peerGone(peer: number): void {
    const orphans = [...this.attempts].filter((attempt) => attempt.peer === peer);
    this.links.drop(peer);
    if (orphans.length === 0 && this.links.kept === undefined) return;
    this.env.timers.after(limits.orphanMs, () => {
      this.links.kept?.forget(peer);
      for (const attempt of orphans)
        if (attempt.peer === peer && !attempt.ended) this.letGo(attempt, 'its leader is gone');
    });
  }
}
