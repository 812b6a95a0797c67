/** The pause between two tries of an attempt's code. It holds no slot, and only this memory knows of it. */
import type { Attempt } from './attempt.ts';
import type { Host } from './host.ts';

/** Enters code of the attempt after `delayMs`, if it has not ended. */
export const pauseBetweenTries = (host: Host, attempt: Attempt, delayMs: number, enter: () => void): void => {
  attempt.pausesOpen++;
  const forget = attempt.onEnd(
    host.env.timers.after(delayMs, () => {
      forget();
      attempt.pausesOpen--;
      host.watch?.entered(attempt);
      enter();
      host.touch(attempt);
    }),
  );
  host.touch(attempt);
};
