/** Many no-op tasks that are queued first and run later, of which the last, and of the others every hundredth, are asked for their results. */
import { noop, noopInput } from './app.ts';
import { batchesOf, type Span, span } from './measure.ts';
import { check } from './scenario.ts';

const batch = 500;
/** They run last, so the queue is empty when their results are there. */
export const lastCount = 10_000;
const sampleEvery = 100;

/** What starts tasks and says what came of them. */
export type Starter = {
  readonly start: (task: typeof noop, input: ReturnType<typeof noopInput>) => Promise<{ readonly id: string }>;
  readonly result: (id: string) => Promise<unknown>;
};

export const queuedSettings = (outstanding: number) => ({ outstanding, batch, argumentBytes: 100 });

export class QueuedTasks {
  readonly #starter: Starter;
  readonly #n: number;
  readonly #kept = new Map<number, string>();
  readonly #wrong: number[] = [];

  constructor(starter: Starter, n: number) {
    this.#starter = starter;
    this.#n = n;
  }

  /** Queues all, so many under way at once. */
  queue(outstanding: number): Promise<Span<unknown>> {
    return span(() =>
      batchesOf(this.#n, outstanding, batch, async (index) => {
        const { id } = await this.#starter.start(noop, noopInput(index));
        if (this.#isLast(index) || index % sampleEvery === 0) this.#kept.set(index, id);
      }),
    );
  }

  /** Settles when the last ones have ended, and with them, by and large, all. */
  async lastEnded(): Promise<void> {
    await this.#look((index) => this.#isLast(index));
  }

  /** Throws if a result that is looked at is another one than it must be. */
  async check(): Promise<void> {
    await this.#look((index) => !this.#isLast(index));
    check(this.#wrong.length === 0, `task ${this.#wrong[0]} gave another result`);
  }

  #isLast(index: number): boolean {
    return index >= this.#n - lastCount;
  }

  async #look(which: (index: number) => boolean): Promise<void> {
    await Promise.all(
      [...this.#kept].map(async ([index, id]) => {
        if (which(index) && (await this.#starter.result(id)) !== index) this.#wrong.push(index);
      }),
    );
  }
}

/** The figures of queueing and draining. */
export const queueFigures = (n: number, queueing: Span<unknown>, draining: Span<unknown>) => ({
  queue_s: queueing.seconds,
  queued_per_s: n / queueing.seconds,
  drain_s: draining.seconds,
  drained_per_s: n / draining.seconds,
});
