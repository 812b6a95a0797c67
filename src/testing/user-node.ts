/**
 * The node of a user's world: lives one after the other, in each of which the state host that ships leads all partitions and
 * executors that ship run the app in-line. It starts from what the logs and its disk kept.
 */
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import type { LogService } from '../engine/simulated/log-service.ts';
import type { Network } from '../engine/simulated/network.ts';
import { type Place, type SkewedClock, simulatedEnv } from '../engine/simulated/place.ts';
import { type BlobService, SimulatedBlobs } from '../engine/simulated/simulated-blobs.ts';
import { type BusService, SimulatedBus } from '../engine/simulated/simulated-bus.ts';
import { SimulatedLog } from '../engine/simulated/simulated-log.ts';
import { Life, type Simulation } from '../engine/simulated/simulation.ts';
import { StateHost } from '../execution/state/state-host.ts';
import { limits } from '../limits.ts';
import type { ClientPort } from '../node/local-client.ts';
import type { Flat } from '../tasks/messages.ts';
import { fromBytes, toBytes } from './flat-bytes.ts';
import { InLineExecutors, type MessageWatch } from './in-line-executors.ts';
import { type DiskEnd, SimulatedDisk } from './simulated-disk.ts';

export type UserNodeOptions = {
  readonly simulation: Simulation;
  readonly network: Network;
  readonly logs: readonly LogService[];
  readonly blobs: BlobService;
  readonly bus: BusService;
  readonly clock: SkewedClock;
  readonly app: AppCatalogue;
  readonly executors: number;
  readonly retentionMs: number;
  readonly retentionTasks: number;
  /** Whose the client is. */
  readonly clientLife: Life;
  /** It leads all partitions, and a client may speak to it over this port. */
  readonly onLeading: (port: ClientPort) => void;
  readonly onEnded: () => void;
  /** A bug of ours. */
  readonly onFailed: (error: unknown) => void;
  readonly watch: MessageWatch;
};

/** One life, once its program runs. */
type Running = { readonly life: Life; readonly host: StateHost; readonly executors: InLineExecutors };

const end = 'node';
const client = 0;
const clientMessageMs = 0.02;
/** A node that cannot go on is started again after so long. */
const againMs = 100;
/**
 * Small enough that a short run meets checkpoints and snapshots; seldom enough that a month in which nothing happens is a
 * hundred of them.
 */
const checkpoints = {
  ...limits,
  checkpointDirtyRows: 500,
  checkpointLogBytes: 256 * 1024,
  checkpointIntervalMs: 6 * 3_600_000,
  snapshotLogBytes: 1024 * 1024,
};

export class UserNode {
  readonly #options: UserNodeOptions;
  readonly #disk: SimulatedDisk;
  #life: Life | undefined;
  #running: Running | undefined;
  #lives = 0;

  constructor(options: UserNodeOptions) {
    this.#options = options;
    this.#disk = new SimulatedDisk(options.simulation, end);
  }

  get up(): boolean {
    return this.#life !== undefined;
  }

  /** Undefined while it is down or starts. */
  get executors(): InLineExecutors | undefined {
    return this.#running?.executors;
  }

  /** Names of some tasks that are not through yet, for people. */
  unfinished(): readonly string[] {
    return [...(this.#running?.host.parts.values() ?? [])].flatMap(({ tasks }) =>
      [...tasks.live.values()].map(({ spec, id }) => `${spec.name} ${id}`),
    );
  }

  start(): void {
    if (this.#life !== undefined) return;
    const life = new Life(`${end}.${this.#lives++}`);
    this.#life = life;
    this.#options.simulation.after(0, life, 'start', () => this.#run(life));
  }

  end(how: DiskEnd): void {
    if (this.#life === undefined) return;
    this.#life.end();
    this.#life = undefined;
    this.#running = undefined;
    this.#disk.end(how);
    this.#options.onEnded();
  }

  #run(life: Life): void {
    const { simulation, network, logs, clock, executors: count } = this.#options;
    const place: Place = { simulation, network, life, end };
    const executors = new InLineExecutors({ place, clock, app: this.#options.app, watch: this.#options.watch });
    const open = logs.map((service, partition) => new SimulatedLog(place, `${partition}`, service));
    const { openReader, writer } = this.#disk.open(life);
    const host = new StateHost({
      env: simulatedEnv(place, `node ${life.name}`, clock),
      partitions: logs.length,
      log: (partition) => open[partition] as SimulatedLog,
      reader: openReader(),
      openSnapshotReader: openReader,
      writer,
      blobs: new SimulatedBlobs(place, this.#options.blobs),
      bus: new SimulatedBus(place, this.#options.bus),
      retentionMs: this.#options.retentionMs,
      retentionTasks: this.#options.retentionTasks,
      previousEnd: 'its node ended',
      checkpoints,
      stalled: () => undefined,
      postToExecutor: (number, flat) => executors.post(number, flat),
      postToClient: (_client, flat) => this.#toClient(life, flat),
      soon: (turn) => void simulation.after(0, life, 'turn', turn),
      onFailed: (_partition, error) => simulation.after(0, undefined, 'failed', () => this.#failed(life, error)),
    });
    host.open().then(
      () => {
        this.#running = { life, host, executors };
        for (let started = 0; started < count; started++) executors.start(host);
        host.addClient(client);
        this.#options.onLeading(this.#portTo(host, life));
      },
      (error: unknown) => this.#failed(life, error),
    );
  }

  /** A log that others trimmed or lead is a reason to begin again; nothing else may go wrong. */
  #failed(life: Life, error: unknown): void {
    if (this.#life !== life) return;
    const code = (error as { code?: unknown }).code;
    if (code !== 'LOG_TRIMMED' && code !== 'LOG_FENCED') this.#options.onFailed(error);
    this.end('kill');
    this.#options.simulation.after(againMs, undefined, 'start', () => this.start());
  }

  /** The client's end of the connection of this life. */
  #portTo(host: StateHost, life: Life): ClientPort {
    const { simulation } = this.#options;
    return {
      on: (_event, take) => {
        this.#take = take;
      },
      postMessage: (flat) => {
        const bytes = toBytes(flat);
        simulation.after(clientMessageMs, life, 'from client', () => host.fromClient(client, fromBytes(bytes)));
      },
      close: () => {},
    };
  }

  #take: (flat: Flat) => void = () => {};

  #toClient(life: Life, flat: Flat): void {
    const { simulation, clientLife } = this.#options;
    const bytes = toBytes(flat);
    simulation.after(clientMessageMs, clientLife, 'to client', () => {
      // What is under way when the node ends is lost with the connection.
      if (this.#life === life) this.#take(fromBytes(bytes));
    });
  }
}
