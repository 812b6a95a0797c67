/** A node of the register workload: it leads the partitions it is told to claim, through the partition hosts that ship. */
import { limits } from '../../../src/limits.ts';
import { PartitionHost } from '../../../src/partition/host.ts';
import {
  outboxTable,
  type PeerMessage,
  peersTable,
  Resender,
  receivePeerMessage,
  resendMessages,
  sendMessage,
} from '../../../src/partition/outbox.ts';
import type { Transaction } from '../../../src/partition/partition.ts';
import { TableSet } from '../../../src/partition/table.ts';
import { keyOfUint } from '../../../src/values/ordered-key.ts';
import { coreUnderWay } from '../core-under-way.ts';
import type { NodeContext, NodeProgram } from '../node.ts';
import type { Operation, Reply, Request } from './protocol.ts';
import { inboxTable, type Outcome, registerTable, requestTable } from './tables.ts';

type Answer = { readonly kind: 'answer'; readonly to: string; readonly reply: Reply };
type Output = Answer | PeerMessage;
type Tx = Transaction<Output>;
type Led = { readonly host: PartitionHost<Output>; readonly resender: Resender; leading: boolean };

const resendEveryMs = 500;
const resendMost = 100;

export const registerTables = [outboxTable, peersTable, registerTable, requestTable, inboxTable];

/** `close` lets go of everything; nothing is begun from then on. */
export type RegisterProgram = NodeProgram & { readonly close: () => Promise<void> };

export const registerNode = (context: NodeContext): RegisterProgram => {
  const { place, env, world } = context;
  const { partitions } = world.plan;
  const led = new Map<number, Led>();
  const opening = new Set<number>();
  /** Claims, and hosts that are being closed. */
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
      for (const { host, leading } of led.values()) if (leading) host.endTurn();
    });
  };

  const release = (outputs: readonly Output[]): void => {
    for (const output of outputs)
      if (output.kind === 'answer') context.send(output.to, output.reply);
      else context.bus.publish(`partition/${output.to}`, new TextEncoder().encode(JSON.stringify(output)));
  };

  const claim = async (partition: number): Promise<void> => {
    if (closed || opening.has(partition) || led.has(partition)) return;
    opening.add(partition);
    const log = context.log(partition);
    const { openReader, writer } = context.store;
    const id = env.random.bytes(8);
    /** Another one is opened only when nothing of this one can reach the store any more. */
    const drop = (why: string): void => {
      place.simulation.tell(why, `${partition}`);
      world.trace?.leadsNoMore(place.end, partition);
      const own = led.get(partition);
      led.delete(partition);
      opening.add(partition);
      const over = (): void => {
        opening.delete(partition);
      };
      if (own === undefined) over();
      else track(own.host.close().then(over));
    };
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
          const own = led.get(partition);
          if (own === undefined) return;
          own.leading = true;
          world.leads(place.end, partition, epoch);
          own.host.transact((tx) => resendMessages(tx, partition, partitions));
          planTurn();
        });
      },
      onFenced: (certain) => {
        world.count(`fenced, outcome ${certain ? 'certain' : 'unknown'}`);
        const core = led.get(partition)?.host.core;
        if (certain && core !== undefined) world.lostCertainly(partition, core.epoch, core.acknowledged);
        drop('fenced');
      },
      onFailed: (error) => {
        drop('failed');
        world.partitionFailed(place.end, partition, error);
      },
      onProgress: planTurn,
      checkpoints: world.plan.checkpoints,
    }).catch((error: unknown) => {
      drop('not opened');
      world.partitionFailed(place.end, partition, error);
      return undefined;
    });
    if (host === undefined) return;
    opening.delete(partition);
    led.set(partition, { host, resender: new Resender(), leading: false });
  };

  for (let partition = 0; partition < partitions; partition++)
    context.bus.subscribe(`partition/${partition}`, (bytes) => {
      const own = led.get(partition);
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
    for (const [partition, { host, resender, leading }] of led)
      if (leading)
        host.transact((tx) => {
          resender.sendAgain(tx, partition, partitions, resendMost);
        });
    planTurn();
    env.timers.after(resendEveryMs, resend);
  };
  env.timers.after(resendEveryMs, resend);

  return {
    claim: (partition) => track(claim(partition)),
    close: async () => {
      closed = true;
      await Promise.all(underWay);
      const open = [...led.values()];
      led.clear();
      await Promise.all(open.map(({ host }) => host.close()));
    },
    epoch: (partition) => {
      const own = led.get(partition);
      return own?.leading === true ? own.host.core.epoch : 0;
    },
    busyWith: (partition) => led.has(partition) || opening.has(partition),
    disturb: () => {},
    stall: (_pick, untilMs) => {
      place.life.stalledUntilMs = untilMs;
    },
    nodeEnded: () => {},
    inCheckpoint: () => [...led.values()].some(({ host }) => host.core.checkpointUnderWay),
    rows: (partition) => {
      const own = led.get(partition);
      return own?.leading === true ? own.host.core : undefined;
    },
    underWay: (partition) => {
      const own = led.get(partition);
      return own?.leading === true ? coreUnderWay(own.host.core) : 'it does not lead';
    },
    receive: (from, message) => {
      const request = message as Request;
      const own = led.get(request.partition);
      if (own?.leading !== true) {
        context.send(from, { client: request.client, seq: request.seq, outcome: undefined } satisfies Reply);
        return;
      }
      own.host.transact((tx) => serve(tx, from, request));
      planTurn();
    },
  };
};

/** Takes effect once per request, and is answered the same on every repeat. What only reads leaves nothing behind. */
const serve = (tx: Tx, from: string, request: Request): void => {
  const { client, seq, operation } = request;
  const key = `${client}`;
  const before = tx.get(requestTable, key);
  // An old copy that was late: its client has gone on.
  if (before !== undefined && seq < before.seq) return;
  const outcome = before?.seq === seq ? before.outcome : perform(tx, request.partition, operation);
  if (before?.seq !== seq && operation.kind !== 'read') tx.put(requestTable, key, { seq, outcome });
  tx.emit({ kind: 'answer', to: from, reply: { client, seq, outcome } });
};

const perform = (tx: Tx, partition: number, operation: Operation): Outcome => {
  const value = tx.get(registerTable, operation.key)?.value ?? 0;
  switch (operation.kind) {
    case 'read':
      return { ok: true, value };
    case 'write':
      tx.put(registerTable, operation.key, { value: operation.value });
      return { ok: true, value: operation.value };
    case 'swap':
      if (value !== operation.expected) return { ok: false, value };
      tx.put(registerTable, operation.key, { value: operation.value });
      return { ok: true, value: operation.value };
    case 'add': {
      const sent = `sent ${operation.tell}`;
      const number = (tx.get(registerTable, sent)?.value ?? 0) + 1;
      tx.put(registerTable, operation.key, { value: value + 1 });
      tx.put(registerTable, sent, { value: number });
      sendMessage(tx, partition, operation.tell, [number]);
      return { ok: true, value: value + 1 };
    }
    default:
      return operation satisfies never;
  }
};

/** The sender counts by its own; a message that is not the next one is told. */
const took = (tx: Tx, from: number, number: number): string | undefined => {
  const key = keyOfUint(from, 2);
  const { last } = tx.get(inboxTable, key) ?? { last: 0 };
  tx.put(inboxTable, key, { last: number });
  return number === last + 1 ? undefined : `took message ${number} of partition ${from} after ${last}`;
};
