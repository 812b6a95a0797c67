/**
 * The order in which a writer's calls reach what it writes to.
 *
 * Q1 Calls start in the order they were made, none in the same turn in which it was made.
 * Q2 Slices that wait one behind the other start together, at most `groupMax`; nothing else starts until all have settled. Any
 *    other call is alone.
 * Q3 A mark does not start if a call of its partition since the last mark was rejected: it is rejected with the same error.
 *    That settles the matter: the next mark vouches for the calls after this one.
 *
 * It knows nothing of LMDB: a call is a function that returns a promise.
 */
import { TuttiError } from '../errors/tutti-error.ts';

type Call = {
  readonly partition: number;
  readonly kind: 'slice' | 'mark' | 'clear';
  readonly start: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

export class WriteQueue {
  readonly #groupMax: number;
  readonly #waiting: Call[] = [];
  /** The first error of each partition since its last mark. */
  readonly #failures = new Map<number, unknown>();
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(groupMax: number) {
    this.#groupMax = groupMax;
  }

  add(partition: number, kind: Call['kind'], start: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.reject(new TuttiError('CLOSED', 'The store was closed.'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ partition, kind, start, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Refuses further calls and settles when those made before have. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await undefined;
    while (this.#waiting.length > 0) await Promise.all(this.#takeGroup().map((call) => this.#settle(call)));
    this.#running = undefined;
  }

  #takeGroup(): readonly Call[] {
    const end = this.#waiting.findIndex((call) => call.kind !== 'slice');
    const sliceCount = Math.min(this.#groupMax, end === -1 ? this.#waiting.length : end);
    return this.#waiting.splice(0, Math.max(1, sliceCount));
  }

  /** Starts a call and tells its caller how it ended. Never rejects. */
  async #settle(call: Call): Promise<void> {
    try {
      if (call.kind === 'mark') this.#throwFailure(call.partition);
      await call.start();
    } catch (error) {
      if (call.kind !== 'mark' && !this.#failures.has(call.partition)) this.#failures.set(call.partition, error);
      call.reject(error);
      return;
    }
    call.resolve();
  }

  #throwFailure(partition: number): void {
    if (!this.#failures.has(partition)) return;
    const failure = this.#failures.get(partition);
    this.#failures.delete(partition);
    throw failure;
  }
}
