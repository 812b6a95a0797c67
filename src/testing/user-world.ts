/** A user's app in a simulated world: one node, its storage, and what goes wrong. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import { calmLog, LogService } from '../engine/simulated/log-service.ts';
import { calmNetwork, Network } from '../engine/simulated/network.ts';
import { type SkewedClock, simulatedEnv, worldBeganMs } from '../engine/simulated/place.ts';
import { BlobService } from '../engine/simulated/simulated-blobs.ts';
import { BusService } from '../engine/simulated/simulated-bus.ts';
import { Life, Simulation } from '../engine/simulated/simulation.ts';
import type { DrawnFault, Fault, FaultKind, Measure, RunScale } from './drawn-faults.ts';
import type { MessageWatch } from './in-line-executors.ts';
import { reportsSteps, tellsSteps } from './step-watch.ts';
import { SurvivingClient } from './surviving-client.ts';
import { UserNode } from './user-node.ts';

export type UserWorldOptions = {
  readonly seed: string;
  readonly app: AppCatalogue;
  readonly partitions: number;
  readonly executors: number;
  readonly retentionMs: number;
  readonly retentionTasks: number;
  readonly faults: readonly DrawnFault[];
  readonly watch: MessageWatch;
};

const driving = new AsyncLocalStorage<Life>();

export class UserWorld {
  readonly simulation: Simulation;
  /** Who drives the world: it outlives every node. */
  readonly driver = new Life('scenario');
  readonly client: SurvivingClient;
  readonly node: UserNode;
  /** How often each kind of fault struck. */
  readonly struck = new Map<FaultKind, number>();
  readonly #network: Network;
  readonly #logs: readonly LogService[];
  readonly #clock: SkewedClock = { skewMs: 0 };
  readonly #faults: readonly DrawnFault[];
  readonly #counts = { step: 0, moment: 0 };
  #waiting: (() => void)[] = [];
  #leading = false;

  constructor(options: UserWorldOptions) {
    const { seed, partitions } = options;
    const simulation = new Simulation(seed);
    this.simulation = simulation;
    this.#network = new Network(simulation);
    this.#logs = Array.from({ length: partitions }, (_, partition) => new LogService(simulation, `${partition}`));
    for (const log of this.#logs) log.onLanded = () => this.#count('moment');
    this.#faults = options.faults;
    const place = { simulation, network: this.#network, life: this.driver, end: 'client' };
    this.client = new SurvivingClient(partitions, simulatedEnv(place, 'client', { skewMs: 0 }));
    this.node = new UserNode({
      ...options,
      simulation,
      network: this.#network,
      logs: this.#logs,
      blobs: new BlobService(),
      bus: new BusService(),
      clock: this.#clock,
      clientLife: this.driver,
      watch: {
        reported: (flat) => {
          this.#count('moment');
          if (reportsSteps(flat)) this.#count('step');
          return options.watch.reported(flat);
        },
        told: (flat) => {
          this.#count('moment');
          if (tellsSteps(flat)) this.#count('step');
          options.watch.told(flat);
        },
      },
      onLeading: (port) => {
        this.#leading = true;
        this.client.connect({
          ...port,
          postMessage: (flat) => {
            this.#count('moment');
            port.postMessage(flat);
          },
        });
        for (const go of this.#waiting.splice(0)) simulation.after(0, this.driver, 'leads', go);
      },
      onEnded: () => {
        this.#leading = false;
        this.client.disconnect();
      },
      onFailed: (error) => simulation.fail(error),
    });
  }

  /** Runs code of the driver's: it is known as such across everything that it waits for. */
  drive(code: () => unknown): void {
    driving.run(this.driver, code);
  }

  /** Whose code runs. */
  get owner(): Life | undefined {
    return driving.getStore() ?? this.simulation.current;
  }

  /** What the clock shows to the code that runs: the driver's is right, the machine's may be set wrong. */
  now(): number {
    return worldBeganMs + this.simulation.nowMs + (this.owner === this.driver ? 0 : this.#clock.skewMs);
  }

  begin(): void {
    this.node.start();
    for (const drawn of this.#faults) if (drawn.measure === 'ms') this.#strike(drawn.fault, drawn.at);
  }

  /** Settles when the node leads, at once if it does. */
  untilLeading(): Promise<void> {
    return this.#leading ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The node ends now, and is started again after a while. */
  crash(how: 'kill' | 'power', downMs: number): void {
    this.node.end(how);
    this.simulation.after(downMs, undefined, 'start', () => this.node.start());
  }

  /** One of the executors ends, if there is one. */
  endExecutor(pick: number): void {
    const executors = this.node.executors;
    const number = executors?.numbers[pick % Math.max(1, executors.numbers.length)];
    if (number !== undefined) executors?.lose(number, { kind: 'crashed', what: 'the thread was ended' });
  }

  get scale(): RunScale {
    return { ...this.#counts, ms: this.simulation.nowMs };
  }

  #count(measure: Exclude<Measure, 'ms'>): void {
    const count = ++this.#counts[measure];
    for (const drawn of this.#faults) if (drawn.measure === measure && drawn.at === count) this.#strike(drawn.fault, 0);
  }

  #strike(fault: Fault, afterMs: number): void {
    this.simulation.after(afterMs, undefined, 'fault', () => {
      this.struck.set(fault.kind, (this.struck.get(fault.kind) ?? 0) + 1);
      this.simulation.note('fault', fault.kind);
      this.#apply(fault);
    });
  }

  #apply(fault: Fault): void {
    switch (fault.kind) {
      case 'crash':
        this.crash('kill', fault.downMs);
        break;
      case 'power':
        this.crash('power', fault.downMs);
        break;
      case 'executor':
        this.endExecutor(fault.pick);
        break;
      case 'clock':
        this.#clock.skewMs = fault.skewMs;
        break;
      case 'network':
        this.#network.faults = fault.faults;
        this.simulation.after(fault.forMs, undefined, 'calm', () => {
          this.#network.faults = calmNetwork;
        });
        break;
      case 'log':
        for (const log of this.#logs) log.faults = fault.faults;
        this.simulation.after(fault.forMs, undefined, 'calm', () => {
          for (const log of this.#logs) log.faults = calmLog;
        });
        break;
      default:
        fault satisfies never;
    }
  }
}
