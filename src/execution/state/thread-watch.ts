/** What a state thread sees of itself: counters for the overview, and the events that it hands on to the node thread. */
import { limits } from '../../limits.ts';
import { History } from '../../observe/history.ts';
import type { EventSink } from '../../platform/env.ts';
import type { LogOverview } from '../../protocol/overview.ts';
import { LoopDelayMeter } from '../loop-delay.ts';
import type { FromStateThread } from './control.ts';
import type { Part } from './part.ts';
import { type CheckpointSeen, executorLoads, functionsOf, partitionOf, type StateOverview } from './state-overview.ts';

export class ThreadWatch {
  readonly #startedAt = new Date();
  readonly #history = new History();
  readonly #loopDelay = new LoopDelayMeter();
  readonly #checkpoints = new Map<number, CheckpointSeen>();
  /** Of the thread's `Env`. */
  readonly events: EventSink;

  constructor(tell: (message: FromStateThread) => void) {
    this.events = {
      emit: (name, fields) => {
        if (name === 'checkpoint.done')
          this.#checkpoints.set(Number(fields['partition']), { position: Number(fields['position']), at: new Date() });
        tell({ kind: 'event', name, fields: plain(fields) });
      },
    };
  }

  /** A partition's store ends there. */
  checkpointAt(partition: number, position: number): void {
    this.#checkpoints.set(partition, { position, at: undefined });
  }

  /** From now on the history is written. */
  begin(parts: () => Iterable<Part>): void {
    const record = (): void => this.#history.record(new Date(), functionsOf(parts()));
    record();
    setInterval(record, limits.historyStepMs).unref();
  }

  overview(open: Iterable<Part>, logs: readonly LogOverview[]): StateOverview {
    const parts = [...open];
    return {
      startedAt: this.#startedAt,
      functions: functionsOf(parts),
      partitions: parts.map((part) =>
        partitionOf(part, this.#checkpoints.get(part.number) ?? { position: 0, at: undefined }),
      ),
      executors: executorLoads(parts),
      logs,
      loopDelay: this.#loopDelay.read(),
      history: this.#history.view(),
    };
  }
}

/** Errors do not survive every boundary as fields of an event; their text does. */
const plain = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
