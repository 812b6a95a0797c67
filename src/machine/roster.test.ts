import { expect, test } from 'vitest';
import { withCode } from '../security/security.fixture.ts';
import {
  isTaken,
  machineIn,
  membersOf,
  type Roster,
  type RosterMachine,
  readRoster,
  serversMissing,
  wantsServer,
  withMachine,
  withoutMachine,
  withReplacement,
} from './roster.ts';
import { serverSettings } from './server-settings.ts';

const server = (host: string) => ({ route: `${host}:8488`, client: `${host}:8487` });
const begun: Roster = {
  version: 1,
  cluster: 'shop',
  replicas: 3,
  partitions: 12,
  nats: [],
  machines: [{ name: 'a', drained: false, server: server('10.0.0.1') }],
  gone: [],
};
const full = ['b', 'c'].reduce(
  (roster, name, index) => withMachine(roster, { name, drained: false, server: server(`10.0.0.${index + 2}`) }),
  begun,
);

test('the first machines bring a server each, and no other does (R2)', () => {
  expect([serversMissing(begun), serversMissing(full)]).toEqual([2, 0]);
  expect([wantsServer(begun, 'b'), wantsServer(full, 'd')]).toEqual([true, false]);
  // One that asks again, since it lost the answer.
  expect(wantsServer(full, 'c')).toBe(true);
  expect(serversMissing({ ...begun, nats: ['nats://nats-1:4222'] })).toBe(0);
  const more = withMachine(full, { name: 'd', drained: false });
  expect(wantsServer(more, 'd')).toBe(false);
  expect(membersOf(more)).toEqual({ servers: ['a', 'b', 'c'], apps: { shop: ['a', 'b', 'c', 'd'] } });
});

test('a version stands for each change, and a machine is there once (R1)', () => {
  expect(full.version).toBe(3);
  const again = withMachine(full, { name: 'b', drained: true, server: server('10.0.0.2') });
  expect([again.version, again.machines.map(({ name }) => name)]).toEqual([4, ['a', 'b', 'c']]);
});

test('a name is given to nobody until its certificate has run out (R3)', () => {
  const without = withoutMachine(withMachine(full, { name: 'd', drained: false }), 'd', 1_000, 2_000);
  expect(membersOf(without).apps['shop']).toEqual(['a', 'b', 'c']);
  expect([isTaken(without, 'd', 1_999), isTaken(without, 'd', 2_000), isTaken(without, 'a', 9_999)]).toEqual([
    true,
    false,
    true,
  ]);
  expect(withoutMachine(without, 'c', 2_500, 3_000).gone.map(({ name }) => name)).toEqual(['c']);
});

test('the server of a cluster for one is on its own, those of three name all routes', () => {
  const files = { pem: '/s/server.pem', ca: '/s/ca.crt', storeFolder: '/s/jetstream' };
  const own = { name: 'a', host: '10.0.0.1', port: 8484 };
  expect(serverSettings(own, { ...begun, replicas: 1 }, files).cluster).toBeUndefined();
  const { cluster, monitor, tls, accounts } = serverSettings(own, full, files);
  expect(cluster).toMatchObject({
    user: 'tutti:server',
    listen: { host: '10.0.0.1', port: 8488 },
    routes: ['nats://10.0.0.1:8488', 'nats://10.0.0.2:8488', 'nats://10.0.0.3:8488'],
    tls: { verify: 'map' },
  });
  expect([monitor.host, tls?.verify]).toEqual(['127.0.0.1', 'map']);
  expect(accounts?.['app-shop']?.users).toHaveLength(3);
});

test('who took a place is called as the one before, and takes routes from the keys that are left (R4)', () => {
  const one = { name: 'd', drained: false, server: { ...server('10.0.0.4'), key: 'kd' } };
  const keys = new Map([
    ['a', 'ka'],
    ['c', 'kc'],
  ]);
  const gone = machineIn(full, 'b') as Required<RosterMachine>;
  const replaced = withReplacement(full, gone, one, keys, 1_000, 2_000);
  expect([replaced.version, serversMissing(replaced), isTaken(replaced, 'b', 1_999)]).toEqual([4, 0, true]);
  expect(membersOf(replaced)).toEqual({ servers: ['a', 'c', 'd'], apps: { shop: ['a', 'c', 'd'] } });
  const settings = serverSettings({ name: 'd', host: '10.0.0.4', port: 8484 }, replaced, {
    pem: '/s/server.pem',
    ca: '/s/ca.crt',
    storeFolder: '/s/jetstream',
  });
  expect(settings.name).toBe('b');
  expect(settings.cluster).toMatchObject({
    routes: ['nats://10.0.0.1:8488', 'nats://10.0.0.3:8488', 'nats://10.0.0.4:8488'],
    tls: { keys: ['ka', 'kc', 'kd'] },
  });
  // Nodes are known by their names.
  expect(settings.tls?.keys).toBeUndefined();
  expect(readRoster(JSON.stringify(replaced))).toEqual(replaced);
});

test('what is no roster is told', () => {
  expect(readRoster(JSON.stringify(full))).toEqual(full);
  for (const text of [
    '',
    '{}',
    'null',
    JSON.stringify({ ...full, machines: [{ name: 'a' }] }),
    JSON.stringify({ ...full, machines: [{ name: 'a', drained: false, server: { ...server('h'), key: 1 } }] }),
  ])
    expect(() => readRoster(text)).toThrow(withCode('DATA_FORMAT'));
});
