/** Hosts of one partition over a simulated log, bus and network: what replicas tell each other, and what that spares them. */
import { expect, test } from 'vitest';
import { LogService } from '../engine/simulated/log-service.ts';
import { Network } from '../engine/simulated/network.ts';
import { type Place, simulatedEnv } from '../engine/simulated/place.ts';
import { BlobService, SimulatedBlobs } from '../engine/simulated/simulated-blobs.ts';
import { BusService, SimulatedBus } from '../engine/simulated/simulated-bus.ts';
import { SimulatedLog } from '../engine/simulated/simulated-log.ts';
import { Life, Simulation } from '../engine/simulated/simulation.ts';
import { limits } from '../limits.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { SimulatedCopies } from '../testing/simulated-copies.ts';
import { rarely } from './host.fixture.ts';
import { PartitionHost } from './host.ts';
import { decodeHeader } from './record.ts';
import { Replicas } from './replicas.ts';
import { foreignRecord, items } from './scripted-log.fixture.ts';
import { TableSet } from './table.ts';

const logEnd = 'log 0';

/** Every message takes 20 ms, so that one does not overtake the other. */
class World {
  readonly simulation = new Simulation('shared log');
  readonly network = new Network(this.simulation);
  readonly log = new LogService(this.simulation, '0');
  readonly bus = new BusService();
  readonly blobs = new BlobService();
  readonly names = ['a', 'b'];
  /** Messages by sender and kind. */
  readonly sent = new Map<string, number>();

  constructor() {
    this.network.faults = { ...this.network.faults, delayMs: [20, 20] };
    this.simulation.watcher = {
      sent: ({ from, kind, arrivesMs }) => {
        const key = `${from} ${kind}`;
        this.sent.set(key, (this.sent.get(key) ?? 0) + 1);
        return { from, kind, arrivesMs, fate: undefined } as never;
      },
      happened: () => {},
    };
  }

  async replica(name: string, begin: 'lead' | 'follow'): Promise<Replica> {
    const replica = new Replica(this, name, begin);
    const opening = replica.open();
    await this.pass(1_000);
    await opening;
    return replica;
  }

  /** Milliseconds go by. */
  async pass(ms: number): Promise<void> {
    await this.simulation.run(this.simulation.nowMs + ms);
  }

  /** How many messages of a kind a replica sent since this was asked last. */
  count(key: string): number {
    const count = this.sent.get(key) ?? 0;
    this.sent.delete(key);
    return count;
  }
}

class Replica {
  readonly #world: World;
  readonly #name: string;
  readonly #begin: 'lead' | 'follow';
  readonly copies = new SimulatedCopies(() => false);
  readonly failures: unknown[] = [];
  readonly released: string[] = [];
  host!: PartitionHost<string>;

  constructor(world: World, name: string, begin: 'lead' | 'follow') {
    this.#world = world;
    this.#name = name;
    this.#begin = begin;
  }

  async open(): Promise<void> {
    const { simulation, network, log, bus, blobs, names } = this.#world;
    const name = this.#name;
    const place: Place = { simulation, network, life: new Life(name), end: name };
    const env = simulatedEnv(place, name, { skewMs: 0 });
    const store = createMemoryStore();
    const reader = store.reader();
    this.host = await PartitionHost.open<string>({
      core: {
        partition: 0,
        window: limits.windowRecords,
        carefulWindow: limits.windowRecords,
        shared: true,
        store: reader,
        tables: new TableSet([items]),
        newLogId: [name.charCodeAt(0), 1],
        begin: this.#begin,
        name,
      },
      log: new SimulatedLog(place, '0', log),
      reader,
      openSnapshotReader: () => store.reader(),
      writer: store.writer,
      blobs: new SimulatedBlobs(place, blobs),
      env,
      release: (outputs) => void this.released.push(...outputs),
      onLeading: () => {},
      onFenced: () => {},
      onFailed: (error) => void this.failures.push(error),
      onProgress: () => {},
      checkpoints: rarely,
      replicas: new Replicas({
        partition: 0,
        name,
        others: () => names.filter((other) => other !== name),
        copies: this.copies,
        bus: new SimulatedBus(place, bus),
        env,
      }),
    });
  }

  put(key: string): void {
    this.host.transact((tx) => {
      tx.put(items, key, { value: key });
      tx.emit(key);
    });
    this.host.endTurn();
  }
}

test('a standby that is told of progress reads once for it, and looks rarely besides', async () => {
  const world = new World();
  const leader = await world.replica('a', 'lead');
  const standby = await world.replica('b', 'follow');
  await world.pass(5_000);
  world.count('b read');
  await world.pass(10 * limits.followPollIdleMs);
  expect(world.count('b read')).toBeLessThanOrEqual(10);
  leader.put('x');
  await world.pass(200);
  expect([standby.host.core.position, world.count('b read')]).toEqual([world.log.end, 1]);
});

test('a standby whose leader cannot tell it anything applies all the same, and stays near while there is more (R7)', async () => {
  const world = new World();
  const leader = await world.replica('a', 'lead');
  const standby = await world.replica('b', 'follow');
  await world.pass(5_000);
  world.network.cut('a', 'b');
  const tripMs = 100;
  const began = world.simulation.nowMs;
  const { end } = world.log;
  leader.put('x');
  while (standby.host.core.position === end) await world.pass(10);
  expect(world.simulation.nowMs - began).toBeLessThan(limits.followPollIdleMs + tripMs);
  for (let count = 0; count < 20; count++) {
    leader.put(`${count}`);
    await world.pass(limits.followPollMs + tripMs);
    expect(standby.host.core.position).toBe(world.log.end);
  }
});

test('an idle leader looks at the end of its log ever more rarely, and sees that another leads', async () => {
  const world = new World();
  const leader = await world.replica('a', 'lead');
  await world.pass(30_000);
  world.count('a end');
  await world.pass(6 * limits.logEndLookMaxMs);
  expect(world.count('a end')).toBeLessThanOrEqual(6);
  await world.replica('b', 'lead');
  await world.pass(limits.logEndLookMaxMs);
  expect(leader.host.core.role).toBe('fenced');
});

test('a hand-over is told of, so that the one it names need not find it', async () => {
  const world = new World();
  const leader = await world.replica('a', 'lead');
  const standby = await world.replica('b', 'follow');
  await world.pass(5_000);
  leader.host.handOver('b');
  await world.pass(limits.followPollMs);
  expect([leader.host.core.role, standby.host.core.role]).toEqual(['handedOver', 'leading']);
});

test('a hand-over begins when the one it names has asked the others, and its leader leads until then', async () => {
  const world = new World();
  // Nobody has that name: it takes all of the time that it has.
  world.names.push('c');
  const leader = await world.replica('a', 'lead');
  const standby = await world.replica('b', 'follow');
  await world.pass(5_000);
  leader.host.handOver('b');
  leader.host.handOver('b');
  await world.pass(limits.askReplicasMs - 50);
  leader.put('x');
  await world.pass(40);
  expect([leader.host.core.role, leader.released, world.count('a bus.request')]).toEqual(['leading', ['x'], 1]);
  await world.pass(limits.askReplicasMs);
  expect([leader.host.core.role, standby.host.core.role]).toEqual(['handedOver', 'leading']);
});

test('a leader appends nothing of its own while records are put back: another may have stood there (P4)', async () => {
  const world = new World();
  const { log } = world;
  const older = await world.replica('a', 'lead');
  const logId = older.host.core.logId as readonly [number, number];
  await world.pass(1_000);
  const leader = await world.replica('b', 'lead');
  expect(leader.host.core.role).toBe('leading');
  leader.put('x');
  await world.pass(1_000);
  // What the older leader had under way lands, and it alone has seen it.
  const end = log.end;
  const late = foreignRecord({ logId, epoch: 1 });
  log.append(late, end, () => {});
  expect(log.at(end + 1)).toBe(late);
  for (let position = older.copies.end + 1; position <= end + 1; position++)
    older.copies.keep(position, log.at(position) as Uint8Array);
  log.loseTail(2);
  world.network.cut('b', logEnd);
  leader.put('y');
  await world.pass(1_500);
  world.network.heal('b', logEnd);
  await world.pass(10_000);
  expect(leader.failures).toEqual([]);
  expect(Buffer.compare(log.at(end + 1) as Uint8Array, late)).toBe(0);
  expect(decodeHeader(log.at(end + 2) as Uint8Array, end + 2).epoch).toBe(leader.host.core.epoch);
  expect(leader.released).toEqual(['x', 'y']);
});
