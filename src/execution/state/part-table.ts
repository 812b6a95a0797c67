/**
 * The partitions of a thread: opened, led, dropped and closed, one change at a time for each of them. Another life of a
 * partition begins only when nothing of the one before can reach its store any more.
 */
import { TuttiError } from '../../errors/tutti-error.ts';
import type { Part } from './part.ts';

type Open = (number: number, begin: 'lead' | 'follow') => Promise<Part>;

export class PartTable {
  readonly #open: Open;
  readonly #parts = new Map<number, Part>();
  /** The last change of each partition that is asked for and not over. */
  readonly #changing = new Map<number, Promise<void>>();
  /** Whoever waits until a partition is led. */
  readonly #claims = new Map<number, PromiseWithResolvers<void>>();
  #closing = false;

  constructor(open: Open) {
    this.#open = open;
  }

  get(number: number): Part | undefined {
    return this.#parts.get(number);
  }

  values(): Iterable<Part> {
    return this.#parts.values();
  }

  /** Opens a partition that leads as soon as it can. The function it gives settles when it is led, or rejects with why it is not. */
  async lead(number: number, previousEnd: string | undefined): Promise<() => Promise<void>> {
    const led = Promise.withResolvers<void>();
    // It may fail before anybody waits for it.
    led.promise.catch(() => undefined);
    await this.#inTurn(number, async () => {
      if (this.#closing) throw closing();
      this.#claims.set(number, led);
      const standby = this.#parts.get(number);
      if (standby === undefined) await this.#begin(number, 'lead', previousEnd);
      else {
        standby.previousEnd = previousEnd;
        standby.host.claim();
      }
    });
    return () => led.promise;
  }

  /** Opens a partition as a standby. Nothing happens where it is open. */
  follow(number: number): Promise<void> {
    return this.#inTurn(number, async () => {
      if (this.#closing) throw closing();
      if (!this.#parts.has(number)) await this.#begin(number, 'follow', undefined);
    });
  }

  async #begin(number: number, begin: 'lead' | 'follow', previousEnd: string | undefined): Promise<void> {
    const part = await this.#open(number, begin);
    part.previousEnd = previousEnd;
    this.#parts.set(number, part);
  }

  /** A partition is led (`error` undefined), or will not be. */
  settle(number: number, error: unknown): void {
    const led = this.#claims.get(number);
    this.#claims.delete(number);
    if (error === undefined) led?.resolve();
    else led?.reject(error);
  }

  /** A partition's steps are not run any more, so no message may be taken for it. */
  ends(number: number): void {
    const part = this.#parts.get(number);
    if (part === undefined) return;
    part.leading = false;
    part.rollCall = undefined;
  }

  drop(number: number): Promise<void> {
    return this.#inTurn(number, async () => {
      const part = this.#parts.get(number);
      if (part === undefined) return;
      this.ends(number);
      this.#parts.delete(number);
      this.settle(number, closing());
      await part.host.close();
    });
  }

  /** Nothing more is opened; settles when nothing is being opened or dropped any more. */
  async quiet(): Promise<void> {
    this.#closing = true;
    for (const number of [...this.#claims.keys()]) this.settle(number, closing());
    await Promise.allSettled(this.#changing.values());
  }

  /** Changes of a partition follow each other as they were asked for, also those that are asked for at once. */
  #inTurn(number: number, change: () => Promise<void>): Promise<void> {
    const before = this.#changing.get(number) ?? Promise.resolve();
    const over = before.then(change, change).finally(() => {
      if (this.#changing.get(number) === over) this.#changing.delete(number);
    });
    over.catch(() => undefined);
    this.#changing.set(number, over);
    return over;
  }
}

const closing = (): TuttiError => new TuttiError('CLOSED', 'The partitions are being closed.');

export const fenced = (number: number): TuttiError =>
  new TuttiError('LOG_FENCED', `Partition ${number} is led elsewhere now.`);
