/**
 * Entry of the node thread, which wires a node: the lock and format of the data folder, the store's writer, the state
 * thread, the executors, and the main thread's client. No user code runs here.
 *
 * Ends in order: executors first (so that nothing runs on), then the state thread (it gives back what they held and
 * flushes), then the store, then the lock.
 */
import { MessageChannel, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import type { PlacementWish } from '../cluster/map-wishes.ts';
import { dataPaths, openDataFolder, prepareDataFolder } from '../engine/embedded/data-folder.ts';
import { type FolderLock, lastHolder, lockFolder } from '../engine/embedded/folder-lock.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { LoopDelayMeter } from '../execution/loop-delay.ts';
import type { StateThreadData } from '../execution/state/control.ts';
import type { StateOverview } from '../execution/state/state-overview.ts';
import { serveStoreWriter } from '../execution/state/store-port.ts';
import { threadEntries } from '../execution/thread-entries.ts';
import { limits } from '../limits.ts';
import { createLog, eventSink } from '../observe/log.ts';
import { nodeEnv } from '../platform/node.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import type { Overview } from '../protocol/overview.ts';
import { openLmdbWriter } from '../store/lmdb-store.ts';
import { park, waitUntilParked } from '../store/parking.ts';
import type { StoreWriter } from '../store/store.ts';
import { decodeError, encodeError } from '../values/codec.ts';
import type { FromNodeThread, NodeOverview, NodeThreadData, ToNodeThread } from './control.ts';
import { serveControl } from './control-socket.ts';
import { Executors } from './executors.ts';
import type { FolderSocket } from './folder-socket.ts';
import { stderrLines } from './line-output.ts';
import { LocalClient } from './local-client.ts';
import type { FromMemberThread, MemberThreadData, ToMemberThread, ToSpecs } from './member-control.ts';
import { openMemberFolder } from './member-folder.ts';

/** It has the extension of this file (see `thread-entries.ts`). */
const memberThreadEntry = new URL(`./member-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

const data = workerData as NodeThreadData;
const main = parentPort as MessagePort;
const log = createLog(data.logLevel);
const events = eventSink(log);
const env = nodeEnv(events);
const tellMain = (message: FromNodeThread, transfer: MessagePort[] = []): void => main.postMessage(message, transfer);
const output = stderrLines();
const ownLoopDelay = new LoopDelayMeter();

class Node {
  #lock: FolderLock | undefined;
  #writer: StoreWriter | undefined;
  #state: Worker | undefined;
  #executors: Executors | undefined;
  #socket: FolderSocket | undefined;
  #socketClient: LocalClient | undefined;
  #closing = false;
  #stateLeads = false;
  /** The state thread leads, or could not. */
  #stateBegun: Promise<void> = Promise.resolve();
  #stateClosed: (() => void) | undefined;
  /** How many partitions there are: of a cluster's node, once it is a member. */
  readonly #partitions = Promise.withResolvers<number>();
  /** The main thread was told so: it is told nothing else before. */
  #ready = false;
  /** What there is to tell it meanwhile. */
  readonly #early: FromNodeThread[] = [];
  readonly #left = Promise.withResolvers<void>();
  #nextClient = 0;
  /** Below those of the main thread. */
  #nextOwnRequest = -1;
  readonly #placing = new Map<number, PromiseWithResolvers<void>>();
  readonly #ownRequests = new Map<number, (overview: NodeOverview) => void>();

  async start(): Promise<void> {
    const leading = this.#startState();
    // It may fail before anybody waits for it.
    this.#partitions.promise.catch(() => undefined);
    this.#stateBegun = leading.catch(() => undefined);
    this.#executors = new Executors({
      module: data.module,
      count: data.executors,
      slots: data.slots,
      hangLimitMs: data.hangLimitMs,
      keepsReports: data.membership !== undefined,
      rehearses: data.rehearses ?? false,
      events,
      place: { id: data.membership?.member ?? '', location: data.membership?.location ?? '' },
      onAdded: (executor, port, names, away) =>
        this.#tellState({ kind: 'executor', executor, port, names, away }, [port]),
      onGone: (executor, guilty, loss) => this.#tellState({ kind: 'executorGone', executor, guilty, loss }),
      onBusy: (executor, running, kept) => this.#tellState({ kind: 'executorBusy', executor, running, kept }),
      onAnswers: (executor) => this.#tellState({ kind: 'executorAnswers', executor }),
      onOutput: (line) => output.line(line),
      onFailed: (error) => this.#fail(error),
    });
    const [app] = await Promise.all([this.#executors.start(), leading]);
    if (data.membership !== undefined) this.#tellState({ kind: 'join', app: app.fingerprint, functions: app.names });
    const partitions = await this.#partitions.promise;
    if (data.fingerprint !== undefined && data.fingerprint !== app.fingerprint)
      throw new TuttiError(
        'APP_MISMATCH',
        `The app passed to open is not what ${data.module} exports in other threads: pass the namespace of that very module (import * as app), and export the same tasks each time.`,
      );
    if (data.folder !== undefined) {
      this.#socketClient = new LocalClient(this.#connectClient(), partitions, env);
      this.#socket = await serveControl(data.folder, {
        client: this.#socketClient,
        overview: () => this.#askOverview(),
        place: (wish) => this.#place(wish),
      });
    }
    const client = this.#connectClient();
    events.emit('node.ready', { folder: data.folder, partitions, executors: data.executors });
    tellMain({ kind: 'ready', client, partitions, names: app.names }, [client]);
    this.#ready = true;
    for (const message of this.#early.splice(0)) tellMain(message);
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#socket?.close();
    this.#socketClient?.close(new TuttiError('CLOSED', 'The node was closed.'));
    if (data.membership !== undefined && this.#stateLeads) {
      // What others would grant it now would be lost with it.
      await this.#executors?.rest();
      await this.#leave();
    }
    await this.#executors?.close();
    output.flush();
    // A thread that is ended while it loads a native module takes the process with it.
    await this.#stateBegun;
    // One that could not be opened answers nothing.
    if (this.#stateLeads) {
      const closed = new Promise<void>((resolve) => {
        this.#stateClosed = resolve;
      });
      this.#tellState({ kind: 'close' });
      await closed;
    }
    await this.#state?.terminate();
    await this.#writer?.close();
    this.#lock?.release();
    events.emit('node.closed', {});
  }

  /** Gives its partitions to others. What that takes too long for, the others take. */
  async #leave(): Promise<void> {
    this.#tellState({ kind: 'drain' });
    const late = setTimeout(this.#left.resolve, limits.leaveMs);
    await this.#left.promise;
    clearTimeout(late);
  }

  /** The process ends. A thread that is loading a native module must not be ended in the middle of that either. */
  async park(cell: SharedArrayBuffer): Promise<void> {
    await this.#stateBegun;
    if (this.#stateLeads) waitUntilParked((own) => this.#tellState({ kind: 'park', cell: own }));
    park(cell);
  }

  #overview({ loopDelay, executors, ...rest }: StateOverview): NodeOverview {
    return {
      ...rest,
      executors: this.#executors?.overview(executors) ?? [],
      threads: [
        { name: 'node', loopDelay: ownLoopDelay.read() },
        { name: 'state', loopDelay },
      ],
    };
  }

  askState(request: number): void {
    this.#tellState({ kind: 'overview', request });
  }

  /** For who asks over the socket: the main thread knows nothing of it, and is left out. */
  #askOverview(): Promise<Overview> {
    const request = this.#nextOwnRequest--;
    return new Promise<NodeOverview>((resolve) => {
      this.#ownRequests.set(request, resolve);
      this.askState(request);
    }).then((seen) => ({ time: new Date(), ...seen }));
  }

  /** Settles when the map of the cluster says so. */
  #place(wish: PlacementWish): Promise<void> {
    if (data.membership === undefined)
      throw new TuttiError('OPTION_INVALID', 'This node is none of a cluster: it leads all partitions itself.');
    const request = this.#nextOwnRequest--;
    const placed = Promise.withResolvers<void>();
    this.#placing.set(request, placed);
    this.#tellState({ kind: 'place', request, wish });
    return placed.promise;
  }

  #placed(request: number, error: string | undefined): void {
    const placed = this.#placing.get(request);
    this.#placing.delete(request);
    if (error === undefined) placed?.resolve();
    else placed?.reject(decodeError(error));
  }

  #overviewCame(request: number, seen: StateOverview): void {
    const overview = this.#overview(seen);
    const own = this.#ownRequests.get(request);
    this.#ownRequests.delete(request);
    if (own === undefined) tellMain({ kind: 'answer', request, value: overview });
    else own(overview);
  }

  servesAt(address: string): void {
    if (data.membership !== undefined) this.#tellState({ kind: 'gateway', address });
  }

  serverTrouble(trouble: ServerTrouble): void {
    if (data.membership !== undefined) this.#tellState({ kind: 'serverTrouble', trouble });
  }

  specs(message: ToSpecs): void {
    this.#tellState(message);
  }

  async killExecutor(): Promise<void> {
    await this.#executors?.killOne();
  }

  /** Locks the data folder and opens the store's writer; returns how its holder before ended. */
  #openFolder(folder: string): { readonly storePort: MessagePort; readonly previousEnd: string } {
    const before = lastHolder(folder);
    this.#lock = lockFolder(folder);
    this.#writer = openLmdbWriter(dataPaths(folder).store);
    const { port1, port2 } = new MessageChannel();
    serveStoreWriter(port1, this.#writer);
    return {
      storePort: port2,
      previousEnd:
        before === undefined ? 'its process ended' : `the process ${before.pid} ended without closing the node`,
    };
  }

  #stateData(): StateThreadData | MemberThreadData {
    const { folder, membership, slots, retentionMs, retentionTasks, tuning, partitions = 1 } = data;
    const common = { slots, retentionMs, retentionTasks, tuning };
    if (folder === undefined)
      return {
        ...common,
        partitions,
        folder,
        physicalLogs: [Array.from({ length: partitions }, (_, number) => number)],
        storePort: undefined,
        previousEnd: '',
      };
    prepareDataFolder(folder);
    if (membership !== undefined) {
      const { storePort } = this.#openFolder(folder);
      openMemberFolder(folder, membership);
      return { ...common, folder, storePort, membership };
    }
    const { storePort, previousEnd } = this.#openFolder(folder);
    const format = openDataFolder(folder, { random: env.random, partitions: data.partitions });
    return {
      ...common,
      partitions: format.partitions,
      folder,
      physicalLogs: format.physicalLogs,
      storePort,
      previousEnd,
    };
  }

  #startState(): Promise<void> {
    const stateData = this.#stateData();
    if ('partitions' in stateData) this.#partitions.resolve(stateData.partitions);
    const state = new Worker('membership' in stateData ? memberThreadEntry : threadEntries.state, {
      workerData: stateData,
      transferList: stateData.storePort === undefined ? [] : [stateData.storePort],
      name: 'tutti-state',
    });
    this.#state = state;
    return new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        reject(error);
        this.#partitions.reject(error);
        this.#fail(error);
      };
      state.on('message', (message: FromMemberThread) => {
        switch (message.kind) {
          case 'leading':
            this.#stateLeads = true;
            resolve();
            break;
          case 'failed':
            events.emit('partition.failed', { error: decodeError(message.error).message });
            failed(decodeError(message.error));
            break;
          case 'event':
            events.emit(message.name, message.fields);
            break;
          case 'overview':
            this.#overviewCame(message.request, message.overview);
            break;
          case 'joined':
            this.#partitions.resolve(message.partitions);
            break;
          case 'executorPeer':
            this.#executors?.connectPeer(message.executor, message.peer, message.port);
            break;
          case 'gateways':
          case 'specAsked':
            if (this.#ready) tellMain(message);
            else this.#early.push(message);
            break;
          case 'specCame':
            tellMain({ kind: 'answer', request: message.request, value: message.outcome });
            break;
          case 'placed':
            this.#placed(message.request, message.error);
            break;
          case 'left':
            this.#left.resolve();
            break;
          case 'closed':
            this.#stateClosed?.();
            break;
          default:
            message satisfies never;
        }
      });
      state.on('error', (error) => failed(error as Error));
      state.on('exit', (code) => {
        this.#stateLeads = false;
        this.#stateClosed?.();
        this.#left.resolve();
        if (!this.#closing) failed(new TuttiError('INVARIANT', `The state thread ended with code ${code}.`));
      });
    });
  }

  #connectClient(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#tellState({ kind: 'client', client: this.#nextClient++, port: port1 }, [port1]);
    return port2;
  }

  #tellState(message: ToMemberThread, transfer: MessagePort[] = []): void {
    this.#state?.postMessage(message, transfer);
  }

  /** The node cannot go on: the main thread is told, and what waits there is told why. */
  #fail(error: Error): void {
    if (this.#closing) return;
    tellMain({ kind: 'failed', error: encodeError(error) });
  }
}

const node = new Node();
main.on('message', (message: ToNodeThread) => {
  switch (message.kind) {
    case 'close':
      void node.close().then(() => {
        tellMain({ kind: 'closed' });
        main.close();
      });
      break;
    case 'park':
      void node.park(message.cell);
      break;
    case 'overview':
      node.askState(message.request);
      break;
    case 'gateway':
      node.servesAt(message.address);
      break;
    case 'serverTrouble':
      node.serverTrouble(message.trouble);
      break;
    case 'askSpec':
    case 'specSaid':
      node.specs(message);
      break;
    case 'killExecutor':
      void node.killExecutor().then(() => tellMain({ kind: 'answer', request: message.request, value: undefined }));
      break;
    default:
      message satisfies never;
  }
});

node.start().catch(async (error: unknown) => {
  // First, since who is told ends this thread.
  await node.close();
  tellMain({ kind: 'failed', error: encodeError(error) });
  main.close();
});
