/**
 * A node of the register workload: it leads the partitions it is told to claim, and follows those that the plan says, through
 * the partition hosts that ship.
 */
import { limits } from '../../../src/limits.ts';
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
import { coreUnderWay } from '../core-under-way.ts';
import type { NodeContext, NodeProgram } from '../node.ts';
import { type Output, serve, took } from './operations.ts';
import type { Reply, Request } from './protocol.ts';
import { inboxTable, registerTable, requestTable } from './tables.ts';

type Own = { readonly host: PartitionHost<Output>; readonly resender: Resender; leading: boolean };

const resendEveryMs = 500;
const resendMost = 100;
const followAgainMs = 300;

export const registerTables = [outboxTable, peersTable, registerTable, requestTable, inboxTable];

/** `close` lets go of everything; nothing is begun from then on. */
export type RegisterProgram = NodeProgram & { readonly close: () => Promise<void> };

export const registerNode = (context: NodeContext): RegisterProgram => {
  const { place, env, world } = context;
  const { partitions } = world.plan;
  const number = world.nodes.findIndex(({ name }) => name === place.end);
  const follows = (partition: number): boolean => world.plan.followers?.[partition]?.includes(number) === true;
  /** Of partitions that somebody follows: who leads one without following it keeps copies too. */
  const replicas = Array.from({ length: partitions }, (_, partition) =>
    (world.plan.followers?.[partition] ?? []).length === 0
      ? undefined
      : new Replicas({
          partition,
          name: place.end,
          others: () => world.nodes.map(({ name }) => name).filter((name) => name !== place.end),
          copies: context.copies(partition),
          bus: context.bus,
          env,
        }),
  );
  const opened = new Map<number, Own>();
  /** What is being opened or closed: `lead` if it is to lead. */
  const busy = new Map<number, 'lead' | 'follow' | 'closing'>();
  /** What is being opened and closed. */
  const underWay = new Set<Promise<void>>();
  let closed = false;
  let turnPlanned = false;

  const track = (work: Promise<void>): void => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  };

  const planTurn = (): void => {
    if (turnPlanned) return;
    turnPlanned = true;
    place.simulation.after(0, place.life, 'turn', () => {
      turnPlanned = false;
      for (const { host, leading } of opened.values()) if (leading) host.endTurn();
    });
  };

  const release = (outputs: readonly Output[]): void => {
    for (const output of outputs)
      if (output.kind === 'answer') context.send(output.to, output.reply);
      else context.bus.publish(`partition/${output.to}`, new TextEncoder().encode(JSON.stringify(output)));
  };

  const followSoon = (partition: number): void => {
    if (follows(partition)) env.timers.after(followAgainMs, () => track(open(partition, 'follow')));
  };

  /** Another one is opened only when nothing of this one can reach the store any more. */
  const drop = (partition: number, why: string): void => {
    place.simulation.tell(why, `${partition}`);
    world.trace?.leadsNoMore(place.end, partition);
    const own = opened.get(partition);
    opened.delete(partition);
    busy.set(partition, 'closing');
    const over = (): void => {
      busy.delete(partition);
      followSoon(partition);
    };
    if (own === undefined) over();
    else track(own.host.close().then(over));
  };

  const open = async (partition: number, begin: 'lead' | 'follow'): Promise<void> => {
    if (closed || busy.has(partition) || opened.has(partition)) return;
    busy.set(partition, begin);
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
        begin,
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
          world.leads(place.end, partition, epoch);
          if (own.host.core.checkpointUnderWay) world.count('leader change during checkpoint');
          own.host.transact((tx) => resendMessages(tx, partition, partitions));
          planTurn();
        });
      },
      onFenced: (certain) => {
        world.count(`fenced, outcome ${certain ? 'certain' : 'unknown'}`);
        const core = opened.get(partition)?.host.core;
        if (certain && core !== undefined) world.lostCertainly(partition, core.epoch, core.acknowledged);
        drop(partition, 'fenced');
      },
      onFailed: (error) => {
        drop(partition, 'failed');
        world.partitionFailed(place.end, partition, error);
      },
      onProgress: planTurn,
      onBeaten: () => world.count('claim came second'),
      onHandedOver: (to) => {
        if (to === place.end) world.count('hand-over taken');
      },
      onGaveAway: () => {
        world.count('hand-over made');
        drop(partition, 'gave away');
      },
      checkpoints: world.plan.checkpoints,
      ...(replicas[partition] && { replicas: replicas[partition] }),
    }).catch((error: unknown) => {
      drop(partition, 'not opened');
      world.partitionFailed(place.end, partition, error);
      return undefined;
    });
    if (host === undefined) return;
    busy.delete(partition);
    opened.set(partition, { host, resender: new Resender(), leading: false });
  };
  for (let partition = 0; partition < partitions; partition++) if (follows(partition)) void open(partition, 'follow');

  for (let partition = 0; partition < partitions; partition++)
    context.bus.subscribe(`partition/${partition}`, (bytes) => {
      const own = opened.get(partition);
      if (own?.leading !== true) return;
      const message = JSON.parse(new TextDecoder().decode(bytes)) as PeerMessage;
      own.host.transact((tx) =>
        receivePeerMessage(tx, partition, message, (from, body) => {
          const wrong = took(tx, from, body[0] as number);
          if (wrong !== undefined) world.violated('messages', `partition ${partition} ${wrong}`);
        }),
      );
      planTurn();
    });

  const resend = (): void => {
    if (closed) return;
    for (const [partition, { host, resender, leading }] of opened)
      if (leading)
        host.transact((tx) => {
          resender.sendAgain(tx, partition, partitions, resendMost);
        });
    planTurn();
    env.timers.after(resendEveryMs, resend);
  };
  env.timers.after(resendEveryMs, resend);

  return {
    claim: (partition) => {
      if (opened.get(partition)?.host.claim() !== true) track(open(partition, 'lead'));
    },
    close: async () => {
      closed = true;
      await Promise.all(underWay);
      const hosts = [...opened.values()];
      opened.clear();
      await Promise.all(hosts.map(({ host }) => host.close()));
    },
    handOver: (partition, to) => opened.get(partition)?.host.handOver(to) === true,
    standby: (partition) => {
      const core = opened.get(partition)?.host.core;
      if (core?.role !== 'following' || !core.exact) return undefined;
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
      place.life.stalledUntilMs = untilMs;
    },
    nodeEnded: () => {},
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
      own.host.transact((tx) => serve(tx, from, request));
      planTurn();
    },
  };
};
