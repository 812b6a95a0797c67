/** Three machines that keep three copies of everything: begun, joined, killed and brought back as people do it, and tried from outside. */

import { readFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { limits } from '../../src/limits.ts';
import { portOf } from '../../src/machine/ports.ts';
import type { ClusterPartitionOverview } from '../../src/protocol/cluster-overview.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import { ownKeyPair } from '../../src/security/authority.ts';
import { newAuthority } from '../../src/security/security.fixture.ts';
import { type MachineProcess, Machines, squares } from './machines.fixture.ts';

let machines: Machines;
let all: readonly MachineProcess[];
let urls: string[] = [];

beforeAll(async () => {
  machines = await Machines.open();
  all = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host, index) => machines.machine(`n${index + 1}`, host));
});
afterAll(() => machines?.close(...(all ?? [])));

const at = (index: number): MachineProcess => all[index] as MachineProcess;

test('the first waits for two more, then all serve', async () => {
  at(0).up('--replicas', '3', '--partitions', '6', '--location', 'eu/zone-1');
  const command = await at(0).joinCommand();
  await at(0).running.seen(/waiting for 2 more machines/);
  at(1).join(command, '--location', 'eu/zone-2');
  await at(0).running.seen(/waiting for 1 more machine /);
  expect(at(0).running.err).not.toContain('"serving"');
  const { out } = await at(0).command('token');
  const bare = machines.start(
    [...out.trim().split(' ').slice(1), '--data', machines.place.path('bare'), '--port', '0', '--name', 'bare'],
    {
      TUTTI_NATS_SERVER: '/nowhere',
    },
  );
  const { code, err } = await bare.ended;
  expect([code, err]).toEqual([3, expect.stringContaining('nats-server')]);
  at(2).join(out, '--location', 'eu/zone-2');
  urls = await Promise.all(all.map((machine) => machine.serves()));
  for (const url of urls) await squares(20, url);
});

test('each is where its command line says, and the copies of each partition lie in both zones', async () => {
  const look = async () => {
    const { out } = await at(2).command('status', '--json');
    const { members = [], partitions = [] } = (JSON.parse(out) as Overview).cluster ?? {};
    const placeOf = new Map(members.map(({ id, location }) => [id, location]));
    const zonesOf = ({ leader, standbys }: ClusterPartitionOverview) =>
      new Set([leader?.member, ...standbys.map(({ member }) => member)].map((id) => placeOf.get(id ?? ''))).size;
    return { places: [...placeOf], zones: partitions.map(zonesOf) };
  };
  await expect.poll(look, { timeout: 60_000, interval: 200 }).toEqual({
    places: [
      ['n1', 'eu/zone-1'],
      ['n2', 'eu/zone-2'],
      ['n3', 'eu/zone-2'],
    ],
    zones: [2, 2, 2, 2, 2, 2],
  });
});

test('no port lets in who has no certificate of the cluster', async () => {
  const foreign = newAuthority(Date.now());
  const identity = { kind: 'node', app: 'tutti', name: 'n1' } as const;
  const strange = ownKeyPair(foreign, { identity, hosts: [] }, Date.now());
  const ca = readFileSync(`${at(0).data}/security/ca.crt`);
  for (const machine of all) {
    const { lifeLine, client, route, door } = portOf(machine.port);
    const shut = { lifeLine, client, route, ...(machine === at(0) ? { door } : {}) };
    for (const [name, port] of Object.entries(shut)) {
      const said = await plain(machine.host, port);
      // NATS says hello, and that it wants TLS, before it begins.
      expect(said.replace(/^INFO [^\n]*"tls_required":true[^\n]*\n/, ''), `${machine.name} ${name}`).not.toMatch(
        /tutti |PONG|HTTP\/1.1 200/,
      );
      const own = { key: strange.key, cert: strange.certificate };
      for (const pair of [{}, own])
        if (name === 'lifeLine' || name === 'door')
          expect(await overTls(machine.host, port, { ca, ...pair }), `${machine.name} ${name}`).not.toMatch(
            /tutti |200 OK/,
          );
    }
  }
});

test('a machine that is killed with its server is missed by nobody, and comes back without a token', async () => {
  let going = true;
  let done = 0;
  const client = connect([urls[0] as string, urls[1] as string], { timeout: '60 s', giveUpAfter: '60 s' });
  const callers = Array.from({ length: 8 }, async () => {
    while (going) {
      const task = await client.tasks['square']!.start(3);
      expect(await task.result()).toBe(9);
      done++;
    }
  });
  const long = await client.tasks['steps']!.start(100);
  await expect.poll(() => done).toBeGreaterThan(20);
  await at(2).kill();
  const before = done;
  await expect.poll(() => done, { timeout: 60_000 }).toBeGreaterThan(before + 100);
  expect(await long.result()).toHaveLength(100);
  at(2).again('join');
  urls[2] = await at(2).serves();
  going = false;
  await Promise.all(callers);
  await client.close();
  await squares(20, urls[2] as string);
  nothingRefused();
});

test('all of them are killed at once, and come back with what they had', async () => {
  const client = connect(urls, { timeout: '60 s', giveUpAfter: '60 s' });
  const { id } = await client.tasks['square']!.start(12);
  await client.close();
  await Promise.all(all.map((machine) => machine.kill()));
  for (const machine of all) machine.again(machine === at(0) ? 'up' : 'join');
  urls = await Promise.all(all.map((machine) => machine.serves()));
  const again = connect(urls, { timeout: '60 s', giveUpAfter: '60 s' });
  expect(await again.result(id)).toBe(144);
  await again.close();
});

test('SIGTERM gives away what a machine holds', async () => {
  at(1).running.kill('SIGTERM');
  const { code, err } = await at(1).running.ended;
  expect([code, err]).toEqual([0, expect.stringContaining('"drained":true')]);
  await squares(20, urls[0] as string);
  nothingRefused();
});

test('all that are left are ended at once: none waits for others to take what it holds', async () => {
  const begunAt = performance.now();
  const left = [at(0), at(2)];
  for (const { running } of left) running.kill('SIGTERM');
  for (const { running } of left) expect((await running.ended).code).toBe(0);
  expect(performance.now() - begunAt).toBeLessThan(limits.leaveMs);
});

/** The rights that a node has at the servers are all that it needs. */
const nothingRefused = (): void => {
  for (const { name, running } of all) expect(running.err, name).not.toMatch(/nats\.warning/);
};

/** What is said to somebody who asks without TLS. */
const plain = (host: string, port: number): Promise<string> =>
  heard(connectPlain({ host, port }), 'GET / HTTP/1.1\r\nHost: x\r\n\r\nPING\r\n');

const overTls = (host: string, port: number, options: object): Promise<string> => {
  const socket = connectTls({ host, port, rejectUnauthorized: false, ...options });
  return heard(socket, 'POST /v1/member/roster HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"version":0}');
};

/** All that comes until the other side ends, or says something. */
const heard = (socket: Socket, text: string): Promise<string> =>
  new Promise((resolve) => {
    let said = '';
    const end = (): void => {
      socket.destroy();
      resolve(said);
    };
    socket.on('error', () => undefined);
    socket.once('close', end);
    socket.setTimeout(2_000, end);
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1');
    });
    socket.write(text);
  });
