/** Looks at its own node once a tick: sends canaries to its executors, and tells the cluster how it is and what its partitions cost. */
import { ownCanary } from '../execution/state/own-canary.ts';
import type { Part } from '../execution/state/part.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import type { Flat } from '../tasks/messages.ts';
import type { OwnHealth } from './cluster-event.ts';
import { Health } from './health.ts';
import { LoadMeter } from './load-meter.ts';
import { ServerTroubles } from './server-troubles.ts';

export type HealthWatchOptions = {
  readonly env: Env;
  /** To an executor of this node. */
  readonly post: (executor: number, flat: Flat) => void;
  readonly parts: () => Iterable<Part>;
  /** Where the leaders of partitions stand, as far as is heard. */
  readonly heads: () => readonly (number | undefined)[];
  readonly tell: (health: OwnHealth) => void;
};

export class HealthWatch {
  readonly #options: HealthWatchOptions;
  readonly #health = new Health(limits);
  readonly #meter = new LoadMeter();
  readonly #troubles = new ServerTroubles();
  /** Executors, and whether a canary is under way to them. */
  readonly #executors = new Map<number, boolean>();
  #canaries = 0;
  #lookedMs: number;
  #cancel: () => void = () => undefined;
  #closed = false;

  constructor(options: HealthWatchOptions) {
    this.#options = options;
    this.#lookedMs = options.env.clock.monotonic();
    this.#plan();
  }

  executorCame(executor: number): void {
    this.#executors.set(executor, false);
    this.#health.executorCame(this.#options.env.clock.monotonic());
  }

  executorGone(executor: number): void {
    this.#executors.delete(executor);
    this.#health.executorGone(executor);
  }

  /** It does not answer; `kept`: because code of a task keeps it. */
  executorBusy(executor: number, kept: boolean): void {
    if (this.#executors.has(executor)) this.#health.executorBusy(executor, kept, this.#options.env.clock.monotonic());
  }

  /** It answers again after `executorBusy`. */
  executorAnswers(executor: number): void {
    this.#health.executorBusy(executor, false, this.#options.env.clock.monotonic());
  }

  canaryCame(executor: number): void {
    if (!this.#executors.has(executor)) return;
    this.#executors.set(executor, false);
    this.#health.canaryCame(this.#options.env.clock.monotonic());
  }

  /** The server of the engine beside the node has told of this. */
  serverTrouble(trouble: ServerTrouble): void {
    this.#troubles.told(trouble, this.#options.env.clock.monotonic());
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #plan(): void {
    this.#cancel = this.#options.env.timers.after(limits.healthTickMs, () => {
      this.#tick();
      if (!this.#closed) this.#plan();
    });
  }

  #tick(): void {
    const { env, post, heads, tell } = this.#options;
    const nowMs = env.clock.monotonic();
    const parts = [...this.#options.parts()];
    const leaderAt = heads();
    const before = this.#health.ailment;
    const ailment = this.#health.look(
      parts.map(({ number, leading, host: { core } }) => ({
        partition: number,
        leads: leading,
        position: core.position,
        head: leading ? undefined : leaderAt[number],
        flushing: core.checkpointUnderWay,
      })),
      nowMs,
    );
    const led = parts.filter(({ leading }) => leading);
    this.#meter.sample(
      led.map(({ number, tasks }) => [number, tasks.changes]),
      nowMs - this.#lookedMs,
    );
    this.#lookedMs = nowMs;
    if (ailment !== before) env.events.emit(ailment === undefined ? 'node.well' : 'node.ailing', { ailment });
    const troubles = this.#troubles.lately(nowMs);
    tell({
      healthy: ailment === undefined,
      queued: led.reduce((sum, { tasks }) => sum + tasks.readyFor(undefined), 0),
      loads: this.#meter.loads,
      ...(ailment === undefined ? {} : { ailment }),
      ...(troubles.length === 0 ? {} : { troubles }),
    });
    for (const [executor, isUnderWay] of this.#executors)
      if (!isUnderWay) {
        this.#executors.set(executor, true);
        post(executor, ownCanary(++this.#canaries));
      }
  }
}
