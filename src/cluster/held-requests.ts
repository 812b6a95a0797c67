/** Requests that no leader has: they wait until their partition has one that can be reached, or for a while. */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { encodeError } from '../values/codec.ts';
import { charsOf, type RoutedRequest } from './routed-request.ts';

/** Text of the error for what is one too many; written once. */
export const tooManyHeld = encodeError(
  new TuttiError(
    'OVERLOADED',
    'Nobody that can be reached leads its partition, and too many wait for that. Try again later.',
    {
      details: { retryMs: limits.overloadedRetryMs },
    },
  ),
);

export class HeldRequests {
  readonly #later = new Set<RoutedRequest>();
  #count = 0;
  #chars = 0;

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count >= limits.leaderlessRequestsMax || this.#chars >= limits.leaderlessCharsMax;
  }

  add(request: RoutedRequest): void {
    if (request.heldChars > 0) return;
    request.heldChars = charsOf(request.message);
    this.#count++;
    this.#chars += request.heldChars;
  }

  /** It may go on by then, at the latest. */
  addUntil(request: RoutedRequest, dueMs: number): void {
    this.add(request);
    request.dueMs = dueMs;
    this.#later.add(request);
  }

  remove(request: RoutedRequest): void {
    if (request.heldChars === 0) return;
    this.#later.delete(request);
    this.#count--;
    this.#chars -= request.heldChars;
    request.heldChars = 0;
  }

  /** Those whose time has come. They are held on, until a leader has them. */
  takeDue(nowMs: number): readonly RoutedRequest[] {
    const due: RoutedRequest[] = [];
    for (const request of this.#later) if (request.dueMs <= nowMs) due.push(request);
    for (const request of due) this.#later.delete(request);
    return due;
  }
}
