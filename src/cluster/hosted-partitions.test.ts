/** Partitions of two nodes over a simulated log, bus and network, told what to do by hand. */
import { expect, test } from 'vitest';
import { LogService } from '../engine/simulated/log-service.ts';
import { Network } from '../engine/simulated/network.ts';
import { type Place, simulatedEnv } from '../engine/simulated/place.ts';
import { BlobService, SimulatedBlobs } from '../engine/simulated/simulated-blobs.ts';
import { BusService, SimulatedBus } from '../engine/simulated/simulated-bus.ts';
import { SimulatedLog } from '../engine/simulated/simulated-log.ts';
import { Life, Simulation } from '../engine/simulated/simulation.ts';
import { limits } from '../limits.ts';
import { Replicas } from '../partition/replicas.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { type Flat, fromClient, fromExecutor, toClient, toExecutor } from '../tasks/messages.ts';
import { SimulatedCopies } from '../testing/simulated-copies.ts';
import { mintTaskId } from '../values/task-id.ts';
import { HostedPartitions } from './hosted-partitions.ts';

class World {
  readonly simulation = new Simulation('hosted partitions');
  readonly network = new Network(this.simulation);
  readonly log = new LogService(this.simulation, '0');
  readonly bus = new BusService();
  readonly blobs = new BlobService();
  /** Which nodes have opened the partition. */
  readonly opened: string[] = [];
  /** What executors and clients were told, by node and their number: one flat array each. */
  readonly told = new Map<string, unknown[]>();
  /** Running attempts that were taken over, as they were told of. */
  readonly adopted: unknown[] = [];

  toldTo(node: string, number: number): Flat {
    return this.told.get(`${node} ${number}`) ?? [];
  }

  #tell(node: string, number: number, flat: Flat): void {
    this.told.set(`${node} ${number}`, [...this.toldTo(node, number), ...flat]);
  }

  async pass(ms: number): Promise<void> {
    await this.simulation.run(this.simulation.nowMs + ms);
  }

  /** `met`: when all executors are known. */
  node(name: string, met: Promise<void>): HostedPartitions {
    const { simulation, network } = this;
    const place: Place = { simulation, network, life: new Life(name), end: name };
    const env = simulatedEnv(place, name, { skewMs: 0 }, (event, { attempts }) => {
      if (event === 'partition.adopted') this.adopted.push(attempts);
    });
    const store = createMemoryStore();
    const bus = new SimulatedBus(place, this.bus);
    const replicas = new Replicas({
      partition: 0,
      name,
      others: () => ['a', 'b'].filter((other) => other !== name),
      copies: new SimulatedCopies(() => false),
      bus,
      env,
    });
    return new HostedPartitions({
      host: {
        env,
        partitions: 1,
        log: () => {
          this.opened.push(name);
          return new SimulatedLog(place, '0', this.log);
        },
        reader: store.reader(),
        openSnapshotReader: () => store.reader(),
        writer: store.writer,
        blobs: new SimulatedBlobs(place, this.blobs),
        bus,
        retentionMs: limits.retentionMs,
        retentionTasks: 1_000,
        previousEnd: 'its node ended',
        checkpoints: limits,
        stalled: () => undefined,
        postToExecutor: (executor, flat) => this.#tell(name, executor, flat),
        postToClient: (client, flat) => this.#tell(name, client, flat),
        soon: (turn) => void simulation.after(0, place.life, 'turn', turn),
        replica: name,
        replicas: () => replicas,
        met: () => met,
      },
      watch: { changed: () => undefined },
      leaderEnded: () => undefined,
    });
  }
}

const executorOfA = 10;
const executorsOfB = [20, 21];
const client = 1;
let requests = 0;

const start = (node: HostedPartitions, world: World): string => {
  const request = ++requests;
  const id = mintTaskId(0, world.simulation.nowMs, new Uint8Array(11).fill(request));
  node.host.fromClient(client, [fromClient.start, request, id, 'work', 'null', undefined, undefined, 0, 0, 0]);
  return id;
};

/** `a` leads and `b` follows, which has not met everybody yet. One task runs. */
const twoNodes = async () => {
  const world = new World();
  const meets = Promise.withResolvers<void>();
  const [a, b] = [world.node('a', Promise.resolve()), world.node('b', meets.promise)];
  a.claim(0);
  await world.pass(1_000);
  b.follow(0);
  await world.pass(1_000);
  expect([a.state(0).role, b.state(0).role]).toEqual(['leading', 'following']);
  // Whoever leads next has to ask for it.
  a.host.addClient(client);
  a.host.addExecutor(executorOfA, ['work']);
  a.host.fromExecutor(executorOfA, [fromExecutor.want, 1]);
  const id = start(a, world);
  await world.pass(1_000);
  const [, , epoch, n] = grantsTo(world, 'a', executorOfA)[0] ?? [];
  return { world, a, b, meets, id, attempt: [epoch, n] };
};

const grantsTo = (world: World, node: string, executor: number): Flat[] => {
  const flat = world.toldTo(node, executor);
  const grants: Flat[] = [];
  for (let at = 0; at < flat.length; at++)
    // A grant has fifteen fields, and its task's name where it should be.
    if (flat[at] === toExecutor.grant && flat[at + 6] === 'work') grants.push(flat.slice(at, at + 15));
  return grants;
};

/** `b` leads what `a` gave it; its own executors want work. */
const handedOver = async () => {
  const nodes = await twoNodes();
  const { world, a, b } = nodes;
  b.host.addClient(client);
  for (const executor of executorsOfB) b.host.addExecutor(executor, ['work']);
  a.handOver(0, 'b');
  await world.pass(1_000);
  expect([a.state(0).role, b.state(0).role]).toEqual(['none', 'leading']);
  for (const executor of executorsOfB) {
    b.host.fromExecutor(executor, [fromExecutor.runs, 0, b.epoch(0), [], []]);
    b.host.fromExecutor(executor, [fromExecutor.want, 2]);
  }
  await world.pass(1_000);
  return nodes;
};

const grantedByB = (world: World): unknown[] =>
  executorsOfB.flatMap((executor) => grantsTo(world, 'b', executor)).map(([, , , , id]) => id);

/** The executor of `a` is known to `b`, and says what it runs. */
const answers = (b: HostedPartitions, attempts: Flat, reports: Flat = []): void => {
  b.host.fromExecutor(executorOfA, [fromExecutor.runs, 0, b.epoch(0), attempts, reports]);
};

test('a new leader serves at once, and grants nothing that may run before all executors are known and have answered (H3, T2)', async () => {
  const { world, b, meets, id } = await handedOver();
  const other = start(b, world);
  await world.pass(10_000);
  expect(grantedByB(world)).toEqual([other]);
  b.host.addExecutor(executorOfA, ['work'], [], false);
  meets.resolve();
  await world.pass(1_000);
  expect(world.toldTo('b', executorOfA).slice(0, 2)).toEqual([toExecutor.rollCall, 0]);
  expect(grantedByB(world)).toEqual([other]);
  // It runs nothing any more.
  answers(b, []);
  await world.pass(1_000);
  expect([grantedByB(world), world.adopted]).toEqual([[other, id], []]);
});

test('what an executor says it runs is taken over as soon as it does, and what it reports then counts', async () => {
  const { world, b, id, attempt } = await handedOver();
  b.host.addExecutor(executorOfA, ['work'], [], false);
  const request = ++requests;
  b.host.fromClient(client, [fromClient.wait, request, id]);
  // What comes before the answer will be told again with it.
  b.host.fromExecutor(executorOfA, [fromExecutor.done, 0, ...attempt, '"early"', 1]);
  await world.pass(1_000);
  expect(world.toldTo('b', client)).toEqual([]);
  answers(b, attempt);
  await world.pass(100);
  // Nothing is left that could run elsewhere (H4): the roll call is over, though not all have been met.
  expect(world.adopted).toEqual([1]);
  b.host.fromExecutor(executorOfA, [fromExecutor.done, 0, ...attempt, '"done"', 1]);
  await world.pass(1_000);
  expect(world.toldTo('b', client)).toEqual([toClient.reply, request, 1, '"done"']);
  expect(grantedByB(world)).toEqual([]);
});

test('what had ended when its executor was asked is told again with its answer, and counts', async () => {
  const { world, b, id, attempt } = await handedOver();
  b.host.addExecutor(executorOfA, ['work'], [], false);
  const request = ++requests;
  b.host.fromClient(client, [fromClient.wait, request, id]);
  answers(b, attempt, [fromExecutor.done, 0, ...attempt, '"before"', 1]);
  await world.pass(1_000);
  expect(world.toldTo('b', client)).toEqual([toClient.reply, request, 1, '"before"']);
  expect(grantedByB(world)).toEqual([]);
});

test('what is cancelled before it is known who runs it is over, and stopped where it runs', async () => {
  const { world, b, id, attempt } = await handedOver();
  b.host.addExecutor(executorOfA, ['work'], [], false);
  b.host.fromClient(client, [fromClient.cancel, ++requests, id]);
  await world.pass(1_000);
  expect(world.toldTo('b', client).slice(0, 3)).toEqual([toClient.reply, requests, 1]);
  answers(b, attempt);
  await world.pass(1_000);
  const told = world.toldTo('b', executorOfA);
  expect(told.slice(3, 7)).toEqual([toExecutor.cancel, 0, ...attempt]);
  expect([grantedByB(world), world.adopted]).toEqual([[], []]);
});

test('an executor that does not answer in time is waited for no longer, and learns that what it runs is not its own', async () => {
  const { world, b, meets, id, attempt } = await handedOver();
  b.host.addExecutor(executorOfA, ['work'], [], false);
  meets.resolve();
  await world.pass(limits.rollCallMs - 100);
  expect(grantedByB(world)).toEqual([]);
  await world.pass(1_000);
  expect(grantedByB(world)).toEqual([id]);
  answers(b, attempt);
  await world.pass(1_000);
  expect(world.toldTo('b', executorOfA).slice(3, 7)).toEqual([toExecutor.cancel, 0, ...attempt]);
});

test('of one that keeps computing it is known what it runs, and that is taken over', async () => {
  const { world, b, meets, attempt } = await handedOver();
  b.host.addExecutor(executorOfA, ['work'], [], false);
  meets.resolve();
  await world.pass(100);
  const [epoch, n] = attempt as [number, number];
  b.host.executorBusy(executorOfA, { partition: 0, epoch, n }, true);
  await world.pass(limits.rollCallMs + 1_000);
  expect([grantedByB(world), world.adopted]).toEqual([[], [1]]);
  // It has ended with its thread meanwhile.
  answers(b, []);
  await world.pass(1_000);
  expect(grantedByB(world)).toHaveLength(1);
});

test('what runs on an executor that is gone is not waited for', async () => {
  const { world, b, meets, id } = await handedOver();
  b.host.addExecutor(executorOfA, ['work'], [], false);
  meets.resolve();
  await world.pass(100);
  expect(grantedByB(world)).toEqual([]);
  b.host.removeExecutors([executorOfA], undefined);
  await world.pass(100);
  expect(grantedByB(world)).toEqual([id]);
});

test('a claim whose partition was dropped meanwhile is over: whom it waited for makes nobody leader (O2)', async () => {
  const { world, a, b, meets } = await twoNodes();
  a.drop(0);
  await world.pass(1_000);
  b.claim(0);
  await world.pass(1_000);
  b.drop(0);
  await world.pass(1_000);
  a.claim(0);
  await world.pass(1_000);
  meets.resolve();
  await world.pass(5_000);
  expect([a.state(0).role, b.state(0).role]).toEqual(['leading', 'none']);
});

test('a partition that is followed, claimed and dropped at once is opened once, and closed (O1)', async () => {
  const { world, b } = await twoNodes();
  b.drop(0);
  await world.pass(1_000);
  world.opened.length = 0;
  b.follow(0);
  b.claim(0);
  b.drop(0);
  await world.pass(5_000);
  expect([b.state(0).role, world.opened]).toEqual(['none', ['b']]);
});
