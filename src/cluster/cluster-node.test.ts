import { expect, test } from 'vitest';
import { calmLog, LogService } from '../engine/simulated/log-service.ts';
import { Network } from '../engine/simulated/network.ts';
import { type Place, simulatedEnv } from '../engine/simulated/place.ts';
import { BusService, SimulatedBus } from '../engine/simulated/simulated-bus.ts';
import { SimulatedLog } from '../engine/simulated/simulated-log.ts';
import { Life, Simulation } from '../engine/simulated/simulation.ts';
import type { TuttiError } from '../errors/tutti-error.ts';
import { crc32 } from '../platform/crc32.ts';
import type { PartitionState } from './claims.ts';
import { ClusterNode, type ClusterNodeOptions, type PartitionControl } from './cluster-node.ts';
import { mapFormat } from './map-record.ts';

const partitions = 4;

/** Nodes over a log of maps and a bus of the simulated engine; a partition is led as soon as it is claimed. */
class TestWorld {
  readonly simulation = new Simulation('cluster node');
  readonly network = new Network(this.simulation);
  readonly log = new LogService(this.simulation, 'map');
  readonly bus = new BusService();
  readonly leading = new Map<string, Set<number>>();
  readonly stopped: { readonly id: string; readonly code: string | undefined }[] = [];
  #epoch = 0;

  /** How often a partition was claimed. */
  get claims(): number {
    return this.#epoch;
  }

  start(id: string, more: Partial<ClusterNodeOptions> = {}): { readonly node: ClusterNode; readonly life: Life } {
    const life = new Life(id);
    const place: Place = { simulation: this.simulation, network: this.network, life, end: id };
    const env = simulatedEnv(place, id, { skewMs: 0 });
    const led = new Set<number>();
    this.leading.set(id, led);
    const states = Array.from({ length: partitions }, (): PartitionState => none);
    const set = (partition: number, state: PartitionState): void => {
      states[partition] = state;
      if (state.role === 'leading') led.add(partition);
      else led.delete(partition);
      node.partitionChanged(partition);
    };
    const control: PartitionControl = {
      claim: (partition) => set(partition, { ...none, role: 'leading', epoch: ++this.#epoch }),
      follow: (partition) => set(partition, { role: 'following', epoch: 0, position: 1 }),
      drop: (partition) => set(partition, none),
      handOver: (partition) => set(partition, none),
      confirm: () => {},
      state: (partition) => states[partition] ?? none,
    };
    const node = new ClusterNode({
      info: { id, token: id, location: '', weight: 1, app: 'v1', featureLevel: 1 },
      functions: [],
      settings: { partitions, standbys: 1, movesMax: 2 },
      cluster: 'test',
      log: new SimulatedLog(place, 'map', this.log),
      bus: new SimulatedBus(place, this.bus),
      env,
      control,
      onStopped: (error: TuttiError | undefined) => this.stopped.push({ id, code: error?.code }),
      ...more,
    });
    return { node, life };
  }

  loads(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.leading].map(([id, led]) => [id, led.size]));
  }

  pass(ms: number): Promise<void> {
    return this.simulation.run(this.simulation.nowMs + ms);
  }
}

const none: PartitionState = { role: 'none', epoch: 0, position: 0 };

test('nodes agree, share the partitions, take over from one that ends, and one that drains leaves', async () => {
  const world = new TestWorld();
  world.log.faults = { ...calmLog, dropped: 0.2, phantom: 0.2, late: 0.2, lateMs: 50 };
  const [n0, n1, n2] = ['n0', 'n1', 'n2'].map((id) => world.start(id));
  await world.pass(30_000);
  expect(n1?.node.map).toEqual(n0?.node.map);
  expect(Object.values(world.loads()).sort()).toEqual([1, 1, 2]);
  n1?.life.end();
  world.leading.delete('n1');
  n0?.node.connectionClosed('n1');
  n2?.node.connectionClosed('n1');
  await world.pass(10_000);
  expect(world.loads()).toEqual({ n0: 2, n2: 2 });
  n0?.node.drain();
  await world.pass(10_000);
  expect(world.stopped).toEqual([{ id: 'n0', code: undefined }]);
  expect(world.loads()).toEqual({ n0: 0, n2: 4 });
});

test('what was decided about all partitions is done once, though each of them tells that it has changed', async () => {
  const world = new TestWorld();
  world.start('n0');
  await world.pass(5_000);
  expect([world.claims, world.loads()]).toEqual([partitions, { n0: partitions }]);
});

test('the process of a leader that ends costs its partitions less than a second', async () => {
  const world = new TestWorld();
  const [n0, n1, n2] = ['n0', 'n1', 'n2'].map((id) => world.start(id));
  await world.pass(10_000);
  n1?.life.end();
  world.leading.delete('n1');
  n0?.node.connectionClosed('n1');
  n2?.node.connectionClosed('n1');
  await world.pass(300);
  expect(Object.values(world.loads()).reduce((sum, load) => sum + load, 0)).toBe(partitions);
});

test('a node that meets a map of a newer format drops its partitions and steps aside', async () => {
  const world = new TestWorld();
  const { node } = world.start('n0');
  await world.pass(5_000);
  expect(world.loads()).toEqual({ n0: 4 });
  const newer = Buffer.from([0, 0, 0, 0, mapFormat + 1, 0xc0]);
  newer.writeUInt32LE(crc32(newer.subarray(4)), 0);
  world.log.append(newer, world.log.end, () => {});
  await world.pass(2_000);
  expect(world.stopped).toEqual([{ id: 'n0', code: 'CLUSTER_NEWER' }]);
  expect(world.loads()).toEqual({ n0: 0 });
  const { end } = world.log;
  node.drain();
  await world.pass(5_000);
  expect(world.log.end).toBe(end);
});

test('a damaged record leaves what is led as it is, and the next good one is read', async () => {
  const world = new TestWorld();
  world.start('n0');
  await world.pass(5_000);
  const good = world.log.at(world.log.end) as Uint8Array;
  world.log.append(Uint8Array.of(1, 2, 3, 4, 1, 0), world.log.end, () => {});
  await world.pass(5_000);
  expect(world.loads()).toEqual({ n0: 4 });
  world.log.append(good, world.log.end, () => {});
  const { node } = world.start('n1');
  await world.pass(20_000);
  expect(world.loads()).toEqual({ n0: 2, n1: 2 });
  expect(node.map?.members.length).toBe(2);
});

test('a node shows its cluster, hears itself, and tells the others of a partition that stopped', async () => {
  const world = new TestWorld();
  const [n0, n1] = ['n0', 'n1'].map((id) => world.start(id));
  expect(n0?.node.overview()).toBeUndefined();
  await world.pass(10_000);
  n1?.node.partitionFailed(2, 'REPLICA_DIFFERS');
  await world.pass(1_000);
  const seen = n0?.node.overview({ urlOf: (member) => `https://${member}:8484` });
  expect(seen).toMatchObject({ name: 'test', self: 'n0', mapVersion: n0?.node.map?.version });
  expect(seen?.members.map(({ id, leads, url }) => [id, leads, url])).toEqual([
    ['n0', 2, 'https://n0:8484'],
    ['n1', 2, 'https://n1:8484'],
  ]);
  expect(seen?.faults.map(({ kind, member, partition }) => [kind, member, partition])).toEqual([
    ['replicaDiffers', 'n1', 2],
  ]);
  expect(seen?.mapReadMs).toBeLessThan(2_000);
  expect(seen?.echoMs).toBeLessThan(500);
});

test('where a member is reached from now on is told as soon as its next heartbeat says so', async () => {
  const world = new TestWorld();
  const seen = new Set<string>();
  let lifeLine = '';
  const { node } = world.start('n0', {
    onChanged: () => {
      const leaders = node.leaders().map((leader) => leader?.member ?? '-');
      seen.add(`${node.addressesOf('n1').lifeLine} ${leaders.sort().join(' ')}`);
    },
  });
  world.start('n1', { addresses: () => ({ gateway: '', lifeLine }) });
  await world.pass(10_000);
  expect([...seen].at(-1)).toBe(' n0 n0 n1 n1');
  lifeLine = '10.0.0.7:7422';
  while (node.addressesOf('n1').lifeLine === '') await world.pass(0.1);
  expect([...seen].at(-1)).toBe('10.0.0.7:7422 n0 n0 n1 n1');
});
