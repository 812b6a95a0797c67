/** What is planned in a simulated world, by time; of the same time, in the order in which it was planned. */
import type { Life } from './simulation.ts';

/** What it returns once it began no microtask or tick: the next event may follow at once. */
export const through = Symbol('through');
export type Happening = () => unknown;

export type ScheduledEvent = {
  atMs: number;
  /** For when it was planned: what a stall holds up happens at its end in this order. */
  readonly dueMs: number;
  /** Set by the heap. */
  order: number;
  readonly life: Life | undefined;
  readonly kind: string;
  /** Undefined once it was cancelled. */
  run: Happening | undefined;
};

const earlier = (a: ScheduledEvent, b: ScheduledEvent): boolean =>
  a.atMs !== b.atMs ? a.atMs < b.atMs : a.dueMs !== b.dueMs ? a.dueMs < b.dueMs : a.order < b.order;

export class EventHeap {
  readonly #events: ScheduledEvent[] = [];
  #order = 0;

  push(event: ScheduledEvent): void {
    // One that comes back keeps its place.
    if (event.order === 0) event.order = ++this.#order;
    const events = this.#events;
    let at = events.length;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const above = events[up] as ScheduledEvent;
      if (earlier(above, event)) break;
      events[at] = above;
      at = up;
    }
    events[at] = event;
  }

  peek(): ScheduledEvent | undefined {
    return this.#events[0];
  }

  pop(): ScheduledEvent | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last === undefined || events.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= events.length) break;
      const right = left + 1;
      const down =
        right < events.length && earlier(events[right] as ScheduledEvent, events[left] as ScheduledEvent)
          ? right
          : left;
      if (earlier(last, events[down] as ScheduledEvent)) break;
      events[at] = events[down] as ScheduledEvent;
      at = down;
    }
    events[at] = last;
    return first;
  }

  count(counts: (event: ScheduledEvent) => boolean): number {
    return this.#events.reduce((sum, event) => sum + (counts(event) ? 1 : 0), 0);
  }
}
