/**
 * Executors of one life of a simulated node: the core that ships, run in-line. Each has a life of its own, which ends with the
 * node's or before, and speaks with the state host in bytes.
 */
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import { type Place, type SkewedClock, simulatedEnv } from '../engine/simulated/place.ts';
import { Life } from '../engine/simulated/simulation.ts';
import { executorsOf } from '../engine/simulated/watcher.ts';
import type { AttemptName } from '../execution/executor/control.ts';
import { ExecutorCore } from '../execution/executor/executor-core.ts';
import type { StateHost } from '../execution/state/state-host.ts';
import type { Loss } from '../tasks/grant.ts';
import type { Flat } from '../tasks/messages.ts';
import { fromBytes, toBytes } from './flat-bytes.ts';

export type InLineExecutorsOptions = {
  readonly place: Place;
  readonly clock: SkewedClock;
  readonly app: AppCatalogue;
  readonly watch?: MessageWatch;
};

/** Sees what goes between the host and its executors. */
export type MessageWatch = {
  /** An executor reports; false: the message is lost. */
  readonly reported: (flat: Flat) => boolean;
  /** The host tells an executor something. */
  readonly told: (flat: Flat) => void;
};

export type InLineExecutor = {
  readonly number: number;
  readonly life: Life;
  readonly core: ExecutorCore;
  readonly host: StateHost;
};

/** How long a message between two threads is under way. */
const messageMs = 0.01;

export class InLineExecutors {
  readonly #options: InLineExecutorsOptions;
  readonly #names: readonly string[];
  readonly #executors = new Map<number, InLineExecutor>();
  #next = 0;

  constructor(options: InLineExecutorsOptions) {
    this.#options = options;
    this.#names = [...options.app.definitions.keys()];
  }

  get numbers(): readonly number[] {
    return [...this.#executors.keys()];
  }

  /** The executor whose life this is. */
  of(life: Life | undefined): InLineExecutor | undefined {
    return [...this.#executors.values()].find((executor) => executor.life === life);
  }

  /** Starts one more, for a host that leads. */
  start(host: StateHost): void {
    const { place, clock, app, watch } = this.#options;
    const number = this.#next++;
    const life = new Life(`${place.life.name}x${number}`);
    place.life.onEnd(() => life.end());
    const core = new ExecutorCore({
      env: simulatedEnv({ ...place, life }, `executor ${life.name}`, clock),
      app,
      send: (_peer, flat) => {
        if (watch?.reported(flat) === false) return;
        this.#carry(place.life, 'from executor', flat, (received) => {
          if (this.#executors.has(number)) host.fromExecutor(number, received);
        });
      },
    });
    this.#executors.set(number, { number, life, core, host });
    host.addExecutor(number, this.#names);
    place.simulation.after(0, life, 'executor starts', () => core.addPeer(0));
  }

  /** One ends; another takes its place. `guilty`: the attempt that ended it, where known. */
  lose(number: number, loss: Loss, guilty?: AttemptName): void {
    const executor = this.#executors.get(number);
    if (executor === undefined) return;
    executor.life.end();
    this.#executors.delete(number);
    executor.host.removeExecutor(number, guilty, loss);
    this.start(executor.host);
  }

  /** A message of the host. */
  post(number: number, flat: Flat): void {
    const executor = this.#executors.get(number);
    if (executor === undefined) return;
    this.#options.watch?.told(flat);
    this.#carry(executor.life, 'to executor', flat, (received) => executor.core.receive(0, received));
  }

  endAll(): void {
    for (const { life } of this.#executors.values()) life.end();
    this.#executors.clear();
  }

  /** Carries a flat array to code of `life`, in order. */
  #carry(life: Life, kind: 'from executor' | 'to executor', flat: Flat, receive: (flat: Flat) => void): void {
    const { simulation, end } = this.#options.place;
    const bytes = toBytes(flat);
    const executors = executorsOf(end);
    const [from, to] = kind === 'to executor' ? [end, executors] : [executors, end];
    const arrivesMs = simulation.nowMs + messageMs;
    const seen = simulation.watcher?.sent({ from, to, kind, bytes, about: undefined, repeated: false, arrivesMs });
    simulation.after(messageMs, life, kind, () => {
      if (seen !== undefined) seen.fate = 'arrived';
      receive(fromBytes(bytes));
    });
  }
}
