/**
 * A node of the task workload: the state host that ships leads the partitions it is told to claim, executors that ship run the
 * app in-line and work for the leaders of all nodes, over the relay that ships. What a client asks of a partition that is led
 * elsewhere is passed on.
 */
import { pack, unpack } from 'msgpackr';
import { catalogueOf } from '../../../src/app/catalogue-of-app.ts';
import { takesPart } from '../../../src/cluster/cluster-map.ts';
import type { ClusterNode } from '../../../src/cluster/cluster-node.ts';
import { HostedPartitions } from '../../../src/cluster/hosted-partitions.ts';
import { WorkRelay } from '../../../src/cluster/work-relay.ts';
import { partitionOfRequest } from '../../../src/execution/state/intake.ts';
import { Replicas } from '../../../src/partition/replicas.ts';
import { clientMessageLength } from '../../../src/tasks/client-requests.ts';
import { type Flat, toExecutor } from '../../../src/tasks/messages.ts';
import { specTable } from '../../../src/tasks/tables.ts';
import { fromBytes, toBytes } from '../../../src/testing/flat-bytes.ts';
import { InLineExecutors } from '../../../src/testing/in-line-executors.ts';
import { joinCluster } from '../cluster/cluster-member.ts';
import { coreUnderWay } from '../core-under-way.ts';
import type { NodeContext, NodeProgram } from '../node.ts';
import * as app from './app.ts';

export const executorsPerNode = 2;
const catalogue = catalogueOf(app);
const helloEveryMs = 1_000;

/** A client's message. */
export type FromClientMessage = { readonly client: number; readonly flat: string };

/** What nodes say to all: what they lead in which epochs. */
type Hello = readonly [end: string, led: readonly (readonly [partition: number, epoch: number])[]];

export const taskNode = (context: NodeContext): NodeProgram => {
  const { place, env, world, bus } = context;
  const { simulation, life } = place;
  const { partitions } = world.plan;
  const { openReader, writer } = context.store;
  const executors = new InLineExecutors({ place, clock: context.clock, app: catalogue });
  const clients = new Map<number, string>();
  let cluster: ClusterNode | undefined;
  /** Where each partition is led, as far as is known here. */
  const leaders = new Map<number, { readonly end: string; readonly epoch: number }>();

  const others = (): readonly string[] =>
    cluster?.map?.members.filter(takesPart).map(({ id }) => id) ?? world.nodes.map(({ name }) => name);
  /** Where others may lead too, copies are kept of what stands in the log. */
  const replicas = Array.from({ length: partitions }, (_, partition) =>
    context.member === undefined
      ? undefined
      : new Replicas({
          partition,
          name: place.end,
          others: () => others().filter((name) => name !== place.end),
          copies: context.copies(partition),
          bus,
          env,
        }),
  );

  const parts: HostedPartitions = new HostedPartitions({
    host: {
      env,
      partitions,
      log: context.log,
      reader: openReader(),
      openSnapshotReader: openReader,
      writer,
      blobs: context.blobs,
      bus,
      retentionMs: 1_000_000_000,
      retentionTasks: 100_000,
      previousEnd: 'its node ended',
      checkpoints: world.plan.checkpoints,
      ...(world.plan.bounds && { bounds: world.plan.bounds }),
      stalled: () => undefined,
      postToExecutor: (number, flat) => relay.toExecutor(number, flat),
      postToClient: (client, flat) => {
        const to = clients.get(client);
        if (to !== undefined) context.send(to, { client, flat: Buffer.from(toBytes(flat)).toString('base64') });
      },
      soon: (turn) => void simulation.after(0, life, 'turn', turn),
      replica: place.end,
      replicas: (partition) => replicas[partition],
    },
    met: () => {
      meetMembers();
      return relay.met();
    },
    leaderEnded: (partition) => (world.leaderEnded(partition) ? 'its node ended' : undefined),
    watch: {
      changed: (partition, ended) => cluster?.partitionChanged(partition, ended),
      leading: (partition, epoch) => {
        leaders.set(partition, { end: place.end, epoch });
        world.leads(place.end, partition, epoch);
        hello();
      },
      opened: (partition) => world.cluster?.laws.follows(place.end, partition),
      failed: (partition, error) => {
        if (codeOf(error) === 'LOG_FENCED') world.count('fenced');
        else world.partitionFailed(place.end, partition, error);
      },
      handedOver: (_partition, to) => {
        if (to === place.end) world.count('hand-over taken');
      },
      dropped: (partition) => {
        simulation.tell('drops', `partition ${partition}`);
        world.trace?.leadsNoMore(place.end, partition);
      },
    },
  });
  const { host } = parts;

  const relay: WorkRelay = new WorkRelay(life.name, bus, env, host, {
    addPeer: (executor, peer) => executors.addPeer(executor, peer),
    dropPeer: (executor, peer) => executors.dropPeer(executor, peer),
    receive: (executor, peer, flat) => {
      if (flat[0] === toExecutor.grant) world.count(peer === 0 ? 'grant on its own node' : 'grant to another node');
      executors.post(executor, flat, peer);
    },
  });
  const owner = {
    addExecutor: (executor: number, names: readonly string[]) => relay.addExecutor(executor, names),
    removeExecutor: (...[executor, guilty, loss]: Parameters<WorkRelay['removeExecutor']>) =>
      relay.removeExecutor(executor, guilty, loss),
    fromExecutor: (executor: number, flat: Flat, peer: number) => relay.fromExecutor(executor, peer, flat),
  };
  for (let count = 0; count < executorsPerNode; count++) executors.start(owner);

  /** Whose executors are to be asked what they run: those of the map, or of the whole world where there is none. */
  const meetMembers = (): void => {
    const known = cluster?.map?.members.filter(takesPart).map(({ token }) => token);
    const lives = world.nodes.flatMap((node) => (node.life === undefined ? [] : [node.life.name]));
    const members = new Set(known ?? lives);
    for (const member of members) relay.addNode(member);
    if (known !== undefined) for (const node of relay.nodes) if (!members.has(node)) relay.removeNode(node);
  };

  const hello = (): void => {
    const led: [number, number][] = [];
    for (let partition = 0; partition < partitions; partition++)
      if (parts.epoch(partition) > 0) led.push([partition, parts.epoch(partition)]);
    bus.publish('hello', pack([place.end, led] satisfies Hello));
  };
  const greet = (): void => {
    meetMembers();
    hello();
    env.timers.after(helloEveryMs, greet);
  };
  bus.subscribe('hello', (bytes) => {
    const [end, led] = unpack(bytes) as Hello;
    for (const [partition, epoch] of led)
      if (epoch > (leaders.get(partition)?.epoch ?? 0)) leaders.set(partition, { end, epoch });
  });

  const serve = (from: string, client: number, flat: Flat): void => {
    if (!clients.has(client)) {
      clients.set(client, from);
      host.addClient(client);
    }
    host.fromClient(client, flat);
  };
  bus.subscribe(`forward/${place.end}`, (bytes) => {
    const [from, client, flat] = unpack(bytes) as [string, number, Flat];
    serve(from, client, flat);
  });

  cluster = joinCluster(context, parts);
  greet();

  return {
    cluster,
    claim: (partition) => parts.claim(partition),
    epoch: (partition) => parts.epoch(partition),
    busyWith: (partition) => parts.busyWith(partition),
    standby: (partition) => {
      const core = host.parts.get(partition)?.host.core;
      if (core?.role !== 'following' || !core.exactAt(core.position)) return undefined;
      const flushedTo = context.store.openReader().marker(partition).position;
      return { position: core.position, flushedTo, rows: core };
    },
    handOver: (partition, to) => {
      const leads = host.parts.get(partition)?.leading === true;
      host.handOver(partition, to);
      return leads;
    },
    inCheckpoint: () =>
      world.landed.some((_, partition) => host.parts.get(partition)?.host.core.checkpointUnderWay === true),
    beyondBounds: (partition) => {
      const part = host.parts.get(partition);
      if (part?.leading !== true || world.plan.bounds === undefined) return undefined;
      const { queuedTasksMax } = world.plan.bounds;
      if (part.tasks.alive <= queuedTasksMax) return undefined;
      // Children are not refused: whoever started them was let in.
      let started = 0;
      for (const [, { parent }] of part.host.core.scan(specTable)) if (parent === undefined) started++;
      return started > queuedTasksMax
        ? `holds ${started} tasks of clients, and ${queuedTasksMax} are allowed`
        : undefined;
    },
    rows: (partition) => (parts.epoch(partition) > 0 ? host.parts.get(partition)?.host.core : undefined),
    underWay: (partition) => {
      const part = host.parts.get(partition);
      if (part === undefined) return 'it does not lead';
      const { alive, queue } = part.tasks;
      if (alive > 0)
        return `${alive} tasks are alive, ${queue.length} of them queued; ${[...part.tasks.live.values()]
          .slice(0, 5)
          .map(({ id, executor, started }) => `${id} on ${executor}${started ? ', started' : ''}`)
          .join('; ')}`;
      return coreUnderWay(part.host.core);
    },
    receive: (from, message) => {
      const { client, flat: text } = message as FromClientMessage;
      const flat = fromBytes(Buffer.from(text, 'base64'));
      const here: Flat = [];
      for (let at = 0; at < flat.length; ) {
        const length = clientMessageLength(flat, at);
        const request = flat.slice(at, at + length);
        const leader = leaders.get(partitionOfRequest(flat, at, partitions));
        if (leader === undefined || leader.end === place.end) here.push(...request);
        else bus.publish(`forward/${leader.end}`, pack([from, client, request]));
        at += length;
      }
      if (here.length > 0) serve(from, client, here);
    },
    nodeEnded: (node) => {
      relay.removeNode(node, 'its node ended');
      cluster?.connectionClosed(node);
    },
    disturb: (pick) => {
      const { numbers } = executors;
      const number = numbers[pick % Math.max(1, numbers.length)];
      if (number !== undefined) executors.lose(number, { kind: 'crashed', what: 'it was ended' });
    },
    stall: (pick, untilMs) => {
      const { numbers } = executors;
      const only = numbers[pick % (numbers.length + 1)];
      if (only === undefined) life.stallUntil(untilMs);
      for (const number of only === undefined ? numbers : [only]) executors.stall(number, untilMs);
    },
  };
};

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | undefined)?.code;
