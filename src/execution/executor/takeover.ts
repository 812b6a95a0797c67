/**
 * What becomes of attempts when the leader of their partition changes: the new one asks what runs, takes over what waits for
 * nothing from a leader, and the rest is let go of. Where no leader asks, they are let go of after a while.
 */
import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';
import { type Flat, fromExecutor } from '../../tasks/messages.ts';
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

  /** A new leader, behind `peer`, asks what runs of its partition. */
  called(peer: number, partition: number, epoch: number): void {
    if (!this.attempts.called(partition, epoch)) return;
    const going: Flat = [];
    for (const attempt of [...this.attempts]) {
      if (attempt.partition !== partition || attempt.epoch >= epoch) continue;
      if (attempt.waitsForLeader) this.letGo(attempt, 'its partition has a new leader');
      else {
        attempt.peer = peer;
        going.push(attempt.epoch, attempt.n);
      }
    }
    this.links.tell(peer, fromExecutor.runs, [partition, epoch, going]);
  }

  /** A leader's thread is gone. Whatever is reported to it until another asks is lost. */
  peerGone(peer: number): void {
    const orphans = [...this.attempts].filter((attempt) => attempt.peer === peer);
    this.links.drop(peer);
    if (orphans.length === 0) return;
    this.env.timers.after(limits.orphanMs, () => {
      for (const attempt of orphans)
        if (attempt.peer === peer && !attempt.ended) this.letGo(attempt, 'its leader is gone');
    });
  }
}
