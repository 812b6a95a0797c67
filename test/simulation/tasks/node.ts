/**
 * A node of the task workload, put together from what ships: a member of its cluster (`with-cluster.ts`), or one that is told what to
 * claim (`without-cluster.ts`). Executors that ship run the app in-line, and work for the leaders of all nodes.
 */
import { catalogueOf } from '../../../src/app/catalogue-of-app.ts';
import type { WorkRelay } from '../../../src/cluster/work-relay.ts';
import { type Flat, toExecutor } from '../../../src/tasks/messages.ts';
import { specTable } from '../../../src/tasks/tables.ts';
import { fromBytes, toBytes } from '../../../src/testing/flat-bytes.ts';
import { InLineExecutors } from '../../../src/testing/in-line-executors.ts';
import { membershipOf } from '../cluster/cluster-member.ts';
import { coreUnderWay } from '../core-under-way.ts';
import type { NodeContext, NodeProgram } from '../node.ts';
import * as app from './app.ts';
import type { Edges, PutTogether } from './put-together.ts';
import { withCluster } from './with-cluster.ts';
import { withoutCluster } from './without-cluster.ts';

export const executorsPerNode = 2;
const catalogue = catalogueOf(app);

/** A client's message. */
export type FromClientMessage = { readonly client: number; readonly flat: string };

export const taskNode = (context: NodeContext): NodeProgram => {
  const { place, world } = context;
  const executors = new InLineExecutors({ place, clock: context.clock, app: catalogue, keepsReports: true });
  const clients = new Map<number, string>();
  const edges: Edges = {
    executors: {
      addPeer: (executor, peer) => executors.addPeer(executor, peer),
      dropPeer: (executor, peer) => executors.dropPeer(executor, peer),
      receive: (executor, peer, flat) => {
        if (flat[0] === toExecutor.grant) world.count(peer === 0 ? 'grant on its own node' : 'grant to another node');
        executors.post(executor, flat, peer);
      },
    },
    postToClient: (client, flat) => {
      const to = clients.get(client);
      if (to !== undefined) context.send(to, { client, flat: Buffer.from(toBytes(flat)).toString('base64') });
    },
  };
  const membership = membershipOf(context);
  const { parts, relay, cluster, addClient, fromClient, nodeEnded }: PutTogether =
    membership === undefined ? withoutCluster(context, edges) : withCluster(context, membership, edges);
  const { host } = parts;
  const owner = {
    addExecutor: (executor: number, names: readonly string[]) => relay.addExecutor(executor, names),
    removeExecutor: (...[executor, guilty, loss]: Parameters<WorkRelay['removeExecutor']>) =>
      relay.removeExecutor(executor, guilty, loss),
    fromExecutor: (executor: number, flat: Flat, peer: number) => relay.fromExecutor(executor, peer, flat),
  };
  for (let count = 0; count < executorsPerNode; count++) executors.start(owner);

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
      const { client, flat } = message as FromClientMessage;
      if (!clients.has(client)) {
        clients.set(client, from);
        addClient(client);
      }
      fromClient(client, fromBytes(Buffer.from(flat, 'base64')));
    },
    nodeEnded,
    disturb: (pick) => {
      const { numbers } = executors;
      const number = numbers[pick % Math.max(1, numbers.length)];
      if (number !== undefined) executors.lose(number, { kind: 'crashed', what: 'it was ended' });
    },
    stall: (pick, untilMs) => {
      const { numbers } = executors;
      const only = numbers[pick % (numbers.length + 1)];
      if (only === undefined) place.life.stallUntil(untilMs);
      for (const number of only === undefined ? numbers : [only]) executors.stall(number, untilMs);
    },
  };
};
