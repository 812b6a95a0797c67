/**
 * A node of the register workload: it leads and follows partitions through the partition hosts that ship, those that the map of
 * its cluster gives it or, where there is no cluster, those that it is told to claim and that the plan has it follow.
 */
import type { PartitionEnd } from '../../../src/cluster/claims.ts';
import { takesPart } from '../../../src/cluster/cluster-map.ts';
import type { ClusterNode, PartitionControl } from '../../../src/cluster/cluster-node.ts';
import { partitionState } from '../../../src/cluster/partition-state.ts';
import { limits } from '../../../src/limits.ts';
import { digestsTable } from '../../../src/partition/digests.ts';
import { PartitionHost } from '../../../src/partition/host.ts';
import {
  outboxTable,
  type PeerMessage,
  peersTable,
  Resender,
  receivePeerMessage,
  resendMessages,
} from '../../../src/partition/outbox.ts';
import { Replicas } from '../../../src/partition/replicas.ts';
import { TableSet } from '../../../src/partition/table.ts';
import { joinCluster } from '../cluster/cluster-member.ts';
import { coreUnderWay } from '../core-under-way.ts';
import type { NodeContext, NodeProgram } from '../node.ts';
import { Dice } from '../plan.ts';
import { type Output, serve, took } from './operations.ts';
import type { Reply, Request } from './protocol.ts';
import { inboxTable, registerTable, requestTable } from './tables.ts';

/** `claim`: to follow first, and claim as soon as it does. A host that begins with `lead` claims until it leads. */
type Begin = 'lead' | 'claim' | 'follow';
type Own = {
  readonly host: PartitionHost<Output>;
  readonly resender: Resender;
  leading: boolean;
  /** Ends the subscription to messages of other partitions, which only leaders have. */
  ignoresMail: () => void;
};

const resendEveryMs = 500;
const resendMost = 100;
const decoder = new TextDecoder();
const followAgainMs = 300;
/** Most requests are a turn of their own; so many of 1 wait for others, so long at most, that go into the same record. */
const sharedTurns = 0.2;
const sharedTurnMs = 2;

export const registerTables = [outboxTable, peersTable, digestsTable, registerTable, requestTable, inboxTable];

/** `close` lets go of everything; nothing is begun from then on. */
export type RegisterProgram = NodeProgram & { readonly close: () => Promise<void> };

export const registerNode = (context: NodeContext): RegisterProgram => {
  const { place, env, world } = context;
  const { partitions } = world.plan;
  const number = world.nodes.findIndex(({ name }) => name === place.end);
  const follows = (partition: number): boolean => world.plan.followers?.[partition]?.includes(number) === true;
  let cluster: ClusterNode | undefined;
  const others = (): readonly string[] =>
    cluster?.map?.members.filter(takesPart).map(({ id }) => id) ?? world.nodes.map(({ name }) => name);
  /** Of partitions that somebody follows: who leads one without following it keeps copies too. */
  const replicas = Array.from({ length: partitions }, (_, partition) =>
    world.cluster === undefined && (world.plan.followers?.[partition] ?? []).length === 0
      ? undefined
      : new Replicas({
          partition,
          name: place.end,
          others: () => others().filter((name) => name !== place.end),
          copies: context.copies(partition),
          bus: context.bus,
          env,
        }),
  );
  const opened = new Map<number, Own>();
  /** What is being opened or closed. */
  const busy = new Map<number, Begin | 'closing'>();
  /** What is being opened and closed. */
  const underWay = new Set<Promise<void>>();
  let closed = false;
  let turnPlanned = false;
  const dice = new Dice(place.simulation.random(`turns ${place.life.name}`));

  const track = (work: Promise<void>): void => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  };

  const endTurns = (): void => {
    for (const { host, leading } of opened.values()) if (leading) host.endTurn();
  };

  /** A partition that is led here has taken something. */
  const turn = (host: PartitionHost<Output>): void => {
    if (turnPlanned) return;
    if (dice.chance(1 - sharedTurns)) {
      host.endTurn();
      return;
    }
    turnPlanned = true;
    place.simulation.after(dice.whole(0, 1_000) * (sharedTurnMs / 1_000), place.life, 'turn', () => {
      turnPlanned = false;
      endTurns();
    });
  };

  const release = (outputs: readonly Output[]): void => {
    for (const output of outputs)
      if (output.kind === 'answer') context.send(output.to, output.reply);
      else context.bus.publish(`partition/${output.to}`, Buffer.from(JSON.stringify(output)));
  };

  const takeMail = ({ host }: Own, partition: number, bytes: Uint8Array): void => {
    const message = JSON.parse(decoder.decode(bytes)) as PeerMessage;
    host.transact((tx) =>
      receivePeerMessage(tx, partition, message, (from, body) => {
        const wrong = took(tx, from, body[0] as number);
        if (wrong !== undefined) world.violated('messages', `partition ${partition} ${wrong}`);
      }),
    );
    turn(host);
  };

  const followSoon = (partition: number): void => {
    if (follows(partition)) env.timers.after(followAgainMs, () => track(open(partition, 'follow')));
  };

  /** Nothing of it can reach the store any more: another one may be opened. */
  const over = (partition: number): void => {
    busy.delete(partition);
    followSoon(partition);
    cluster?.partitionChanged(partition);
  };

  const drop = (partition: number, why: string, ended?: PartitionEnd): void => {
    place.simulation.tell(why, `${partition}`);
    world.trace?.leadsNoMore(place.end, partition);
    const own = opened.get(partition);
    opened.delete(partition);
    own?.ignoresMail();
    busy.set(partition, 'closing');
    cluster?.partitionChanged(partition, ended);
    // One that is still being opened is closed as soon as it is open.
    if (own !== undefined) track(own.host.close().then(() => over(partition)));
  };

  const open = async (partition: number, begin: Begin): Promise<void> => {
    if (closed || busy.has(partition) || opened.has(partition)) return;
    busy.set(partition, begin);
    cluster?.partitionChanged(partition);
    const log = context.log(partition);
    const { openReader, writer } = context.store;
    const id = env.random.bytes(8);
    const reader = openReader();
    const host = await PartitionHost.open<Output>({
      core: {
        partition,
        window: limits.windowRecords,
        carefulWindow: limits.windowRecords,
        shared: log.shared,
        store: reader,
        tables: new TableSet(registerTables),
        newLogId: [new DataView(id.buffer).getUint32(0), new DataView(id.buffer).getUint32(4)],
        begin: begin === 'lead' ? 'lead' : 'follow',
        name: place.end,
      },
      log,
      reader,
      openSnapshotReader: openReader,
      writer,
      blobs: context.blobs,
      env,
      release,
      onLeading: (epoch) => {
        // Reached after `open` has given the host.
        place.simulation.after(0, place.life, 'leading', () => {
          const own = opened.get(partition);
          if (own === undefined) return;
          own.leading = true;
          own.ignoresMail = context.bus.subscribe(`partition/${partition}`, (bytes) => takeMail(own, partition, bytes));
          world.leads(place.end, partition, epoch);
          cluster?.partitionChanged(partition);
          if (own.host.core.checkpointUnderWay) world.count('leader change during checkpoint');
          own.host.transact((tx) => resendMessages(tx, partition, partitions));
          own.host.endTurn();
        });
      },
      onFenced: (certain) => {
        world.count(`fenced, outcome ${certain ? 'certain' : 'unknown'}`);
        const core = opened.get(partition)?.host.core;
        if (certain && core !== undefined) world.lostCertainly(partition, core.epoch, core.position);
        drop(partition, 'fenced', 'deposed');
      },
      onFailed: (error) => {
        drop(partition, 'failed', 'failed');
        world.partitionFailed(place.end, partition, error);
      },
      onProgress: () => {
        const own = opened.get(partition);
        if (own?.leading === true && !turnPlanned) own.host.endTurn();
      },
      onBeaten: () => {
        world.count('claim came second');
        cluster?.partitionChanged(partition, 'failed');
      },
      onHandingOver: () => cluster?.partitionChanged(partition),
      onHandedOver: (to) => {
        if (to === place.end) world.count('hand-over taken');
        cluster?.partitionChanged(partition);
      },
      onGaveAway: () => {
        world.count('hand-over made');
        drop(partition, 'gave away');
      },
      checkpoints: world.plan.checkpoints,
      ...(replicas[partition] && { replicas: replicas[partition] }),
    }).catch((error: unknown) => {
      drop(partition, 'not opened', 'failed');
      over(partition);
      world.partitionFailed(place.end, partition, error);
      return undefined;
    });
    if (host === undefined) return;
    const now = busy.get(partition);
    if (now === 'closing') {
      await host.close();
      over(partition);
      return;
    }
    busy.delete(partition);
    opened.set(partition, { host, resender: new Resender(), leading: false, ignoresMail: () => {} });
    world.cluster?.laws.follows(place.end, partition);
    if (now === 'claim') host.claim();
    cluster?.partitionChanged(partition);
  };

  const claim = (partition: number, begin: 'lead' | 'claim'): void => {
    if (cluster !== undefined && busy.get(partition) === 'follow') busy.set(partition, 'claim');
    else if (opened.get(partition)?.host.claim() !== true) track(open(partition, begin));
    cluster?.partitionChanged(partition);
  };
  for (let partition = 0; partition < partitions; partition++) if (follows(partition)) void open(partition, 'follow');

  const resend = (): void => {
    if (closed) return;
    for (const [partition, { host, resender, leading }] of opened)
      if (leading)
        host.transact((tx) => {
          resender.sendAgain(tx, partition, partitions, resendMost);
        });
    endTurns();
    env.timers.after(resendEveryMs, resend);
  };
  env.timers.after(resendEveryMs, resend);

  const control: PartitionControl = {
    claim: (partition) => claim(partition, 'claim'),
    follow: (partition) => track(open(partition, 'follow')),
    drop: (partition) => drop(partition, 'dropped'),
    handOver: (partition, to) => {
      opened.get(partition)?.host.handOver(to);
    },
    confirm: (partition) => opened.get(partition)?.host.confirm(),
    state: (partition) => {
      const own = opened.get(partition);
      return partitionState(own?.host.core, own?.leading === true, busy.get(partition));
    },
  };
  cluster = joinCluster(context, control);

  return {
    cluster,
    nodeEnded: (node) => cluster?.connectionClosed(node),
    claim: (partition) => claim(partition, cluster === undefined ? 'lead' : 'claim'),
    close: async () => {
      closed = true;
      await Promise.all(underWay);
      const hosts = [...opened.values()];
      opened.clear();
      for (const { ignoresMail } of hosts) ignoresMail();
      await Promise.all(hosts.map(({ host }) => host.close()));
    },
    handOver: (partition, to) => opened.get(partition)?.host.handOver(to) === true,
    standby: (partition) => {
      const core = opened.get(partition)?.host.core;
      if (core?.role !== 'following' || !core.exactAt(core.position)) return undefined;
      const flushedTo = context.store.openReader().marker(partition).position;
      return { position: core.position, flushedTo, rows: core };
    },
    epoch: (partition) => {
      const own = opened.get(partition);
      return own?.leading === true ? own.host.core.epoch : 0;
    },
    busyWith: (partition) => {
      const role = opened.get(partition)?.host.core.role;
      return role === undefined ? busy.has(partition) && busy.get(partition) !== 'follow' : role !== 'following';
    },
    disturb: () => {},
    stall: (_pick, untilMs) => {
      place.life.stallUntil(untilMs);
    },
    inCheckpoint: () => [...opened.values()].some(({ host }) => host.core.checkpointUnderWay),
    rows: (partition) => {
      const own = opened.get(partition);
      return own?.leading === true ? own.host.core : undefined;
    },
    underWay: (partition) => {
      const own = opened.get(partition);
      return own?.leading === true ? coreUnderWay(own.host.core) : 'it does not lead';
    },
    receive: (from, message) => {
      const request = message as Request;
      const own = opened.get(request.partition);
      if (own?.leading !== true) {
        context.send(from, { client: request.client, seq: request.seq, outcome: undefined } satisfies Reply);
        return;
      }
      own.host.transact((tx) => {
        world.gaveVersion(request.partition, tx.sequence());
        serve(tx, from, request);
      });
      turn(own.host);
    },
  };
};
