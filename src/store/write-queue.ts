/**
 * The order in which a writer's calls reach what it writes to.
 *
 * Q1 Calls start in the order they were made.
 * Q2 A shared call (a slice) may start while up to `sharedMax - 1` others are under way; an exclusive one (a mark) starts
 *    alone and is alone until it settles.
 * Q3 A mark does not start if a call of its partition since the last mark was rejected: it is rejected with the same error.
 *    That settles the matter: the next mark vouches for the calls after this one.
 *
 * It knows nothing of LMDB: a call is a function that returns a promise.
 */
import { TuttiError } from '../errors/tutti-error.ts';

type Call = {
  readonly partition: number;
  readonly kind: 'shared' | 'exclusive' | 'mark';
  readonly start: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

export class WriteQueue {
  readonly #sharedMax: number;
  readonly #waiting: Call[] = [];
  /** The first error of each partition since its last mark. */
  readonly #failures = new Map<number, unknown>();
  #underWayCount = 0;
  #exclusiveUnderWay = false;
  #closed = false;
  #whenIdle: (() => void) | undefined;

  constructor(sharedMax: number) {
    this.#sharedMax = sharedMax;
  }

  add(partition: number, kind: Call['kind'], start: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.reject(new TuttiError('CLOSED', 'The store was closed.'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ partition, kind, start, resolve, reject });
      this.#startMore();
    });
  }

  /** Refuses further calls and settles when those made before have. Once only. */
  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      this.#startMore();
    });
  }

  #startMore(): void {
    while (this.#waiting.length > 0 && this.#mayStart(this.#waiting[0]!)) this.#run(this.#waiting.shift()!);
    if (this.#underWayCount === 0) this.#whenIdle?.();
  }

  #mayStart(call: Call): boolean {
    if (call.kind === 'shared') return !this.#exclusiveUnderWay && this.#underWayCount < this.#sharedMax;
    return this.#underWayCount === 0;
  }

  #run(call: Call): void {
    this.#underWayCount += 1;
    this.#exclusiveUnderWay = call.kind !== 'shared';
    this.#startCall(call).then(
      () => this.#settled(call.resolve),
      (error: unknown) => {
        if (call.kind !== 'mark' && !this.#failures.has(call.partition)) this.#failures.set(call.partition, error);
        this.#settled(() => call.reject(error));
      },
    );
  }

  async #startCall(call: Call): Promise<void> {
    if (call.kind === 'mark' && this.#failures.has(call.partition)) {
      const failure = this.#failures.get(call.partition);
      this.#failures.delete(call.partition);
      throw failure;
    }
    await call.start();
  }

  #settled(tellCaller: () => void): void {
    this.#underWayCount -= 1;
    this.#exclusiveUnderWay = false;
    tellCaller();
    this.#startMore();
  }
}
