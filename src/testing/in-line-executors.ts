/**
 * Executors of one life of a simulated node: the core that ships, run in-line. Each has a life of its own, which ends with the
 * node's or before, and what it says to the state host arrives there as a copy.
 */
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import { type Place, type SkewedClock, simulatedEnv } from '../engine/simulated/place.ts';
import { Life } from '../engine/simulated/simulation.ts';
import { executorsOf } from '../engine/simulated/watcher.ts';
import type { AttemptName } from '../execution/executor/control.ts';
import { ExecutorCore } from '../execution/executor/executor-core.ts';
import type { Loss } from '../tasks/grant.ts';
import type { Flat } from '../tasks/messages.ts';
import { copyFlat, toBytes } from './flat-bytes.ts';

export type InLineExecutorsOptions = {
  readonly place: Place;
  readonly clock: SkewedClock;
  readonly app: AppCatalogue;
  readonly watch?: MessageWatch;
  /** As of an executor of a cluster. */
  readonly keepsReports?: boolean;
};

/** Sees what goes between the host and its executors. */
export type MessageWatch = {
  /** An executor reports; false: the message is lost. */
  readonly reported: (flat: Flat) => boolean;
  /** The host tells an executor something. */
  readonly told: (flat: Flat) => void;
};

/** Whom executors belong to: the state host of their node, or what stands between it and them. */
export type ExecutorOwner = {
  readonly addExecutor: (executor: number, names: readonly string[]) => void;
  readonly removeExecutor: (executor: number, guilty: AttemptName | undefined, loss: Loss) => void;
  /** `peer`: for whose leaders it is; 0: for those of this node. */
  readonly fromExecutor: (executor: number, flat: Flat, peer: number) => void;
};

export type InLineExecutor = {
  readonly number: number;
  readonly life: Life;
  readonly core: ExecutorCore;
  readonly owner: ExecutorOwner;
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

  /** Starts one more. */
  start(owner: ExecutorOwner): void {
    const { place, clock, app, watch, keepsReports = false } = this.#options;
    const number = this.#next++;
    const life = new Life(`${place.life.name}x${number}`);
    place.life.onEnd(() => life.end());
    const core = new ExecutorCore({
      env: simulatedEnv({ ...place, life }, `executor ${life.name}`, clock),
      app,
      keepsReports,
      send: (peer, flat) => {
        if (watch?.reported(flat) === false) return;
        this.#carry(place.life, 'from executor', flat, (received) => {
          if (this.#executors.has(number)) owner.fromExecutor(number, received, peer);
        });
      },
    });
    this.#executors.set(number, { number, life, core, owner });
    owner.addExecutor(number, this.#names);
    place.simulation.after(0, life, 'executor starts', () => core.addPeer(0));
  }

  /** One ends; another takes its place. `guilty`: the attempt that ended it, where known. */
  lose(number: number, loss: Loss, guilty?: AttemptName): void {
    const executor = this.#executors.get(number);
    if (executor === undefined) return;
    executor.life.end();
    this.#executors.delete(number);
    executor.owner.removeExecutor(number, guilty, loss);
    this.start(executor.owner);
  }

  /** Nothing of one happens for a while: its thread was stopped, or computes. */
  stall(number: number, untilMs: number): void {
    const executor = this.#executors.get(number);
    if (executor !== undefined) executor.life.stallUntil(untilMs);
  }

  /** A message of the leaders that it knows as `peer`. */
  post(number: number, flat: Flat, peer = 0): void {
    const executor = this.#executors.get(number);
    if (executor === undefined) return;
    this.#options.watch?.told(flat);
    this.#carry(executor.life, 'to executor', flat, (received) => executor.core.receive(peer, received));
  }

  /** It may also work for the leaders of another node. */
  addPeer(number: number, peer: number): void {
    this.#tell(number, 'peer comes', (core) => core.addPeer(peer, true));
  }

  dropPeer(number: number, peer: number): void {
    this.#tell(number, 'peer goes', (core) => core.dropPeer(peer));
  }

  #tell(number: number, kind: string, act: (core: ExecutorCore) => void): void {
    const executor = this.#executors.get(number);
    if (executor !== undefined)
      this.#options.place.simulation.after(messageMs, executor.life, kind, () => act(executor.core));
  }

  endAll(): void {
    for (const { life } of this.#executors.values()) life.end();
    this.#executors.clear();
  }

  /** Carries a flat array to code of `life`, in order. */
  #carry(life: Life, kind: 'from executor' | 'to executor', flat: Flat, receive: (flat: Flat) => void): void {
    const { simulation, end } = this.#options.place;
    const copy = copyFlat(flat);
    const executors = executorsOf(end);
    const [from, to] = kind === 'to executor' ? [end, executors] : [executors, end];
    const arrivesMs = simulation.nowMs + messageMs;
    const { watcher } = simulation;
    const seen = watcher?.sent({ from, to, kind, bytes: toBytes(flat), about: undefined, repeated: false, arrivesMs });
    simulation.after(messageMs, life, kind, () => {
      if (seen !== undefined) seen.fate = 'arrived';
      receive(copy);
    });
  }
}
