/**
 * What the code of attempts (steps, maps, chunks) may ask of the executor that runs them.
 */

import type { AppCatalogue } from '../../app/catalogue-of-app.ts';
import type { Env } from '../../platform/env.ts';
import type { Attempt } from './attempt.ts';

export interface Host {
  readonly env: Env;
  readonly app: AppCatalogue;
  /** Undefined: nobody looks. */
  readonly watch: Watch | undefined;
  /** Tells the leader: the op, what names the attempt, then the fields. Nothing is sent for an attempt that has ended. */
  send(attempt: Attempt, op: number, ...fields: readonly unknown[]): void;
  /** Something of the attempt changed; the executor looks at it once the code that runs now has run out. */
  touch(attempt: Attempt): void;
  /** Ends the attempt with a result's text. */
  finish(attempt: Attempt, text: string): void;
  /** Ends the attempt with what was thrown. */
  fail(attempt: Attempt, thrown: unknown, retryable: boolean): void;
  /** The code of the attempt that is entered next has `limitMs` (0: as long as it likes). */
  setLimit(attempt: Attempt, limitMs: number): void;
  /** Calls `go` in a later turn of the event loop: others come to their turn before. */
  afterTurn(go: () => void): void;
  /** The same for an attempt that has more to compute: until then nothing new starts beside it. */
  slice(attempt: Attempt, go: () => void): void;
}

/** Where others see what runs here, also while it does not answer. */
export interface Watch {
  /** User code of this attempt is entered. */
  entered(attempt: Attempt): void;
  /** No user code runs now; `holding` attempts hold a slot, whose code may go on by itself. */
  idle(holding: number): void;
  /** Of the attempts that hold a slot, the one whose time is up first. */
  deadline(earliest: Attempt | undefined): void;
}
