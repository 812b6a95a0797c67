/**
 * Whether the event loop answers quickly, so that a second task may start beside those that run (they wait for something
 * real). A good answer counts for as long as the loop may take.
 */

import { limits } from '../../limits.ts';
import type { Host } from './host.ts';
import { inRootContext } from './scope.ts';

export class LoopProbe {
  private readonly host: Pick<Host, 'env' | 'afterTurn'>;
  private readonly answered: () => void;
  private goodUntilMs = Number.NEGATIVE_INFINITY;
  private probing = false;
  /** What the last probe found. */
  slow = false;

  /** `answered` is called after each probe. */
  constructor(host: Pick<Host, 'env' | 'afterTurn'>, answered: () => void) {
    this.host = host;
    this.answered = answered;
  }

  /** True: it does. False: it is asked, and `answered` will be called. */
  isGood(nowMs: number): boolean {
    if (nowMs <= this.goodUntilMs) return true;
    this.probe();
    return false;
  }

  private probe(): void {
    if (this.probing) return;
    this.probing = true;
    const { env } = this.host;
    const beganMs = env.clock.monotonic();
    this.host.afterTurn(() => {
      const nowMs = env.clock.monotonic();
      this.slow = nowMs - beganMs > limits.secondTaskLoopDelayMs;
      if (!this.slow) {
        this.goodUntilMs = nowMs + limits.secondTaskLoopDelayMs;
        this.done();
        return;
      }
      env.timers.after(
        limits.secondTaskLoopDelayMs,
        inRootContext(() => this.done()),
      );
    });
  }

  private done(): void {
    this.probing = false;
    this.answered();
  }
}
