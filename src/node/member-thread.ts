/**
 * Entry of the state thread of a cluster's node: opens the engine and the store's reader, and drives the node's part in the cluster.
 * No user code runs here.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type ClusterSettings, isOpen, newestFeatureLevel, takesPart } from '../cluster/cluster-map.ts';
import { MapLog } from '../cluster/map-log.ts';
import { Member } from '../cluster/member.ts';
import type { SpecAnswer, SpecQuestion } from '../cluster/spec-message.ts';
import { SpecsElsewhere } from '../cluster/specs-elsewhere.ts';
import { dataPaths } from '../engine/embedded/data-folder.ts';
import type { Log } from '../engine/engine.ts';
import { connectNats, type NatsEngine } from '../engine/nats/connect.ts';
import { mapLogName, partitionLogName } from '../engine/nats/names.ts';
import { isTuttiError } from '../errors/tutti-error.ts';
import type { StateOverview } from '../execution/state/state-overview.ts';
import { RemoteStoreWriter } from '../execution/state/store-port.ts';
import { ThreadPorts } from '../execution/state/thread-ports.ts';
import { ThreadWatch } from '../execution/state/thread-watch.ts';
import { limits } from '../limits.ts';
import { nodeEnv } from '../platform/node.ts';
import type { EngineOverview } from '../protocol/cluster-overview.ts';
import { FileCopies } from '../store/file-copies.ts';
import { openLmdbReader } from '../store/lmdb-store.ts';
import { park } from '../store/parking.ts';
import type { Flat } from '../tasks/messages.ts';
import { encodeError } from '../values/codec.ts';
import { LifeLines } from './life-lines.ts';
import type { FromMemberThread, MemberThreadData, ToMemberThread } from './member-control.ts';
import { ServerDoubt } from './server-doubt.ts';

const data = workerData as MemberThreadData;
const { membership } = data;
const control = parentPort as MessagePort;
const tell = (message: FromMemberThread, transfer: readonly MessagePort[] = []): void =>
  control.postMessage(message, transfer);
const watch = new ThreadWatch(tell);
const env = nodeEnv(watch.events);
const ports = new ThreadPorts();
const paths = dataPaths(data.folder);

type Joined = {
  readonly member: Member;
  readonly servers: ServersWatch;
  readonly specs: SpecsElsewhere;
  readonly close: () => Promise<void>;
};

/** Questions of other nodes that the main thread answers. */
class SpecQuestions {
  readonly #asked = new Map<number, (answer: SpecAnswer) => void>();
  #next = 1;

  ask(question: SpecQuestion): Promise<SpecAnswer> {
    const asked = this.#next++;
    return new Promise((resolve) => {
      this.#asked.set(asked, resolve);
      tell({ kind: 'specAsked', asked, question });
    });
  }

  said(asked: number, answer: SpecAnswer): void {
    this.#asked.get(asked)?.(answer);
    this.#asked.delete(asked);
  }
}

const questions = new SpecQuestions();

/** Executors that work for leaders elsewhere, over a port for each. */
class PeerPorts {
  readonly #ports = new Map<string, MessagePort>();

  add(executor: number, peer: number, take: (flat: Flat) => void): void {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', take);
    this.#ports.set(`${executor} ${peer}`, port1);
    tell({ kind: 'executorPeer', executor, peer, port: port2 }, [port2]);
  }

  drop(executor: number, peer: number): void {
    this.#ports.get(`${executor} ${peer}`)?.close();
    this.#ports.delete(`${executor} ${peer}`);
  }

  post(executor: number, peer: number, flat: Flat): void {
    this.#ports.get(`${executor} ${peer}`)?.postMessage(flat);
  }

  close(): void {
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
  }
}

/** What is shown of the servers of the engine, looked at now and then. */
class ServersWatch {
  readonly #engine: NatsEngine;
  readonly #timer: NodeJS.Timeout;
  #servers: EngineOverview['servers'] = [];

  constructor(engine: NatsEngine) {
    this.#engine = engine;
    this.#timer = setInterval(() => void this.#look(), limits.serversLookMs);
    void this.#look();
  }

  get overview(): EngineOverview {
    return { kind: 'nats', connected: this.#engine.connected, servers: this.#servers };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      this.#servers = (await this.#engine.serversOf(mapLogName)) ?? this.#servers;
    } catch {
      // The engine is closed.
      this.close();
    }
  }
}

/**
 * What the cluster is made of: as its map says, or as it is to be made. Waits where there is no map and this node makes none, and
 * while what it begins with is still being written.
 */
const settingsOf = async (mapLog: Log): Promise<ClusterSettings> => {
  const maps = new MapLog(mapLog, limits.mapRecordsKept);
  for (let waits = false; ; waits = true) {
    const map = await maps.read();
    const settings = map?.settings ?? membership.creates;
    if (settings !== undefined && (map === undefined || isOpen(map))) return settings;
    if (!waits) env.events.emit('cluster.awaited', { cluster: membership.cluster, takes: map?.origin?.folder });
    await new Promise<void>((resolve) => env.timers.after(limits.mapPollMs, resolve));
  }
};

const joinCluster = async (app: string, functions: readonly string[]): Promise<Joined> => {
  const { cluster, member: id, location, weight } = membership;
  const engine = await connectNats({
    ...membership.nats,
    cluster,
    name: `tutti ${id}`,
    env,
    onWarning: ({ kind, message }) => env.events.emit('nats.warning', { kind, message }),
  });
  const [mapLog, blobs] = await Promise.all([engine.openLog(mapLogName), engine.openBlobs()]);
  const settings = await settingsOf(mapLog);
  const logs = await Promise.all(
    Array.from({ length: settings.partitions }, (_, number) => engine.openLog(partitionLogName(number))),
  );
  const reader = openLmdbReader(paths.store);
  for (let partition = 0; partition < settings.partitions; partition++)
    watch.checkpointAt(partition, reader.marker(partition).position);
  const writer = new RemoteStoreWriter(data.storePort);
  const peers = new PeerPorts();
  const copies = logs.map(
    (_, partition) =>
      new FileCopies(join(data.folder, 'copies', String(partition)), limits.copyFileBytes, (error) =>
        env.events.emit('copies.refused', { partition, error }),
      ),
  );
  const token = randomUUID();
  const lifeLines = await LifeLines.open({
    token,
    host: membership.host,
    port: membership.lifeLinePort,
    tls: membership.tls,
    onEnded: (run) => member.runEnded(run),
  });
  const joined = Promise.withResolvers<void>();
  const member: Member = new Member({
    cluster,
    info: { id, token, location, weight, app, featureLevel: newestFeatureLevel },
    functions,
    settings,
    env,
    bus: engine.bus,
    mapLog,
    host: {
      log: (partition) => logs[partition] as Log,
      reader,
      openSnapshotReader: () => openLmdbReader(paths.store),
      writer,
      blobs,
      slots: data.slots,
      retentionMs: data.retentionMs,
      retentionTasks: data.retentionTasks,
      checkpoints: data.tuning ?? limits,
      stalled: () => undefined,
      window: limits.windowRecordsNats,
      soon: (turn) => setImmediate(turn),
    },
    copies: (partition) => copies[partition] as FileCopies,
    executors: {
      addPeer: (executor, peer) => peers.add(executor, peer, (flat) => member.relay.fromExecutor(executor, peer, flat)),
      dropPeer: (executor, peer) => peers.drop(executor, peer),
      receive: (executor, peer, flat) =>
        peer === 0 ? ports.postToExecutor(executor, flat) : peers.post(executor, peer, flat),
    },
    postToClient: ports.postToClient,
    watch: {
      failed: (partition, error) => {
        if (isTuttiError(error) && error.code === 'LOG_FENCED') {
          env.events.emit('partition.deposed', { partition });
          return;
        }
        env.events.emit('partition.failed', { partition, error });
        member.cluster.partitionFailed(partition, isTuttiError(error) ? error.code : 'INVARIANT');
      },
    },
    addresses: () => ({ gateway: gatewayAddress, lifeLine: lifeLines.address }),
    onRuns: (runs) => {
      lifeLines.follow(runs);
      tellGateways(member);
    },
    onJoined: joined.resolve,
    onStopped: (error) => {
      if (error === undefined) tell({ kind: 'left' });
      else tell({ kind: 'failed', error: encodeError(error) });
    },
  });
  watch.begin(() => member.partitions.host.parts.values());
  await joined.promise;
  tell({ kind: 'joined', partitions: settings.partitions });
  const specs = new SpecsElsewhere({
    self: { id, token },
    bus: engine.bus,
    env,
    map: () => member.cluster.map,
    hears: (run) => member.cluster.hears(run),
    answer: (question) => questions.ask(question),
  });
  const servers = new ServersWatch(engine);
  const doubt = new ServerDoubt();
  const looks = setInterval(() => {
    const heard = lifeLines.met.map((run) => member.cluster.hears(run));
    if (doubt.look(heard, env.clock.monotonic())) engine.leaveServer();
    leaveIfAlone(member);
  }, limits.heartbeatMs);
  const close = async (): Promise<void> => {
    clearInterval(looks);
    servers.close();
    specs.close();
    lifeLines.close();
    const closed = member.close();
    // What waits for servers that are gone ends with the connection: nobody was told that it was done.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, limits.closeWaitMs))]);
    await engine.close();
    await closed;
    peers.close();
    for (const each of copies) each.close();
    await writer.close();
  };
  return { member, servers, specs, close };
};

const overviewOf = ({ member: { partitions, cluster }, servers }: Joined): StateOverview => {
  const overview = watch.overview(partitions.host.parts.values(), []);
  const seen = cluster.overview({
    engine: servers.overview,
    urlOf: (member) =>
      (member === membership.member ? gatewayAddress : cluster.addressesOf(member).gateway) || undefined,
    waiting: overview.functions,
  });
  return { ...overview, ...(seen && { cluster: seen }) };
};

let toldGateways = '';

const tellGateways = ({ cluster }: Member): void => {
  const others = (cluster.map?.members ?? []).filter((each) => each.id !== membership.member && takesPart(each));
  const addresses = others.map(({ id }) => cluster.addressesOf(id).gateway).filter((address) => address !== '');
  if (addresses.join() === toldGateways) return;
  toldGateways = addresses.join();
  tell({ kind: 'gateways', addresses });
};

/** No other can take over what this node has: all that are there leave as well. */
const isAlone = ({ cluster }: Member): boolean =>
  cluster.map?.members.some(
    (member) => member.id !== membership.member && takesPart(member) && member.state !== 'draining',
  ) !== true;

/** This node gives away what it has. */
let leaving = false;

/** Where all nodes are stopped at once, each finds out only when the map says of the others that they leave. */
const leaveIfAlone = (member: Member): void => {
  if (!leaving || !isAlone(member)) return;
  leaving = false;
  tell({ kind: 'left' });
};

let joined: Promise<Joined> | undefined;
/** Executors and clients that were there before the node was a member. */
const early: ToMemberThread[] = [];
let now: Joined | undefined;
let gatewayAddress = '';

const take = (toThread: ToMemberThread): void => {
  if (toThread.kind === 'join') {
    joined = joinCluster(toThread.app, toThread.functions);
    joined.then(
      (opened) => {
        now = opened;
        for (const message of early.splice(0)) take(message);
      },
      (error: unknown) => tell({ kind: 'failed', error: encodeError(error) }),
    );
    return;
  }
  if (toThread.kind === 'close') {
    void close();
    return;
  }
  if (toThread.kind === 'gateway') {
    gatewayAddress = toThread.address;
    return;
  }
  if (toThread.kind === 'park') {
    park(toThread.cell);
    return;
  }
  if (now === undefined) {
    early.push(toThread);
    return;
  }
  if (toThread.kind === 'drain') {
    leaving = true;
    leaveIfAlone(now.member);
    if (leaving) now.member.cluster.drain();
    return;
  }
  if (toThread.kind === 'askSpec') {
    const { request, question } = toThread;
    void now.specs.ask(question).then((outcome) => tell({ kind: 'specCame', request, outcome }));
    return;
  }
  if (toThread.kind === 'specSaid') {
    questions.said(toThread.asked, toThread.answer);
    return;
  }
  if (toThread.kind === 'serverTrouble') {
    now.member.serverTrouble(toThread.trouble);
    return;
  }
  if (toThread.kind === 'place') {
    const { request, wish } = toThread;
    now.member.cluster.place(wish).then(
      () => tell({ kind: 'placed', request, error: undefined }),
      (error: unknown) => tell({ kind: 'placed', request, error: encodeError(error) }),
    );
    return;
  }
  const message = ports.take(toThread, now.member.ports);
  if (message?.kind === 'overview') tell({ kind: 'overview', request: message.request, overview: overviewOf(now) });
};

/** The thread ends by itself when its last port is closed. */
const close = async (): Promise<void> => {
  const opened = await joined?.catch(() => undefined);
  await opened?.close();
  ports.close();
  tell({ kind: 'closed' });
  control.close();
};

control.on('message', take);
tell({ kind: 'leading' });
