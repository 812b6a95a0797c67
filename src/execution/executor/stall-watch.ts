/**
 * Finds code that no longer matches its journal: the journal waits for a step, the code has called another, and nothing
 * of it can run. Code may also be waiting for something real outside of steps; so it is given a grace time and then a few
 * turns of the event loop, in which whatever is due is heard first.
 */

import type { Attempt } from './attempt.ts';
import type { Host } from './host.ts';
import { inRootContext } from './scope.ts';
import { nondeterministic } from './steps.ts';

const graceMs = 1_000;
const turnsAfter = 3;

export class StallWatch {
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** Looks at an attempt whose code has run out. */
  look(attempt: Attempt): void {
    if (attempt.watchedForStall || !isStuck(attempt)) return;
    attempt.watchedForStall = true;
    const changes = attempt.journal?.changes;
    const forget = attempt.onEnd(
      this.host.env.timers.after(
        graceMs,
        inRootContext(() => {
          forget();
          this.turnsLeft(attempt, changes, turnsAfter);
        }),
      ),
    );
  }

  private turnsLeft(attempt: Attempt, changes: number | undefined, turns: number): void {
    if (attempt.ended) return;
    if (attempt.journal?.changes !== changes || !isStuck(attempt)) {
      attempt.watchedForStall = false;
      this.look(attempt);
      return;
    }
    if (turns > 0) {
      this.host.afterTurn(() => this.turnsLeft(attempt, changes, turns - 1));
      return;
    }
    const stuck = attempt.journal?.stuck();
    if (stuck === undefined) return;
    const { expected, found } = stuck;
    this.host.fail(
      attempt,
      nondeterministic(attempt, `it was to call ${expected} and called ${found}`, expected, found),
      false,
    );
  }
}

const isStuck = (attempt: Attempt): boolean =>
  attempt.functionsRunning === 0 && attempt.pausesOpen === 0 && attempt.journal?.stuck() !== undefined;
