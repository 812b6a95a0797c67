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
import { fromClient, fromExecutor } from '../tasks/messages.ts';
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

  async pass(ms: number): Promise<void> {
    await this.simulation.run(this.simulation.nowMs + ms);
  }

  /** `met`: when all executors are known. */
  node(name: string, met: Promise<void>): HostedPartitions {
    const { simulation, network } = this;
    const place: Place = { simulation, network, life: new Life(name), end: name };
    const env = simulatedEnv(place, name, { skewMs: 0 });
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
        postToExecutor: () => undefined,
        postToClient: () => undefined,
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

/** `a` leads and `b` follows, which has not met everybody yet. */
const twoNodes = async () => {
  const world = new World();
  const meets = Promise.withResolvers<void>();
  const [a, b] = [world.node('a', Promise.resolve()), world.node('b', meets.promise)];
  a.claim(0);
  await world.pass(1_000);
  b.follow(0);
  await world.pass(1_000);
  expect([a.state(0).role, b.state(0).role]).toEqual(['leading', 'following']);
  // A task runs, so that whoever leads next has to ask for it.
  a.host.addClient(1);
  a.host.addExecutor(0, ['work']);
  a.host.fromExecutor(0, [fromExecutor.want, 1]);
  const id = mintTaskId(0, world.simulation.nowMs, new Uint8Array(11));
  a.host.fromClient(1, [fromClient.start, 1, id, 'work', 'null', undefined, undefined, 0, 0, 0]);
  await world.pass(1_000);
  return { world, a, b, meets };
};

test('who is given a partition by its leader asks around for its tasks only when all executors are known (H3, scenario T2)', async () => {
  const { world, a, b, meets } = await twoNodes();
  a.handOver(0, 'b');
  await world.pass(1_000);
  expect([a.state(0).role, b.state(0).role]).toEqual(['none', 'claiming']);
  meets.resolve();
  await world.pass(1_000);
  expect(b.state(0).role).toBe('leading');
});

test('a claim whose partition was dropped meanwhile is over: what it waited for makes nobody leader (O2)', async () => {
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
