/** `tutti up` and what is done with the machine then, on real processes: one copy of everything, and machines that bring a node only. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gone } from '../cli/command.fixture.ts';
import { type MachineProcess, Machines } from './machines.fixture.ts';

let machines: Machines;
let first: MachineProcess;
let second: MachineProcess;
let url = '';

beforeAll(async () => {
  machines = await Machines.open();
  first = machines.machine('n1', '127.0.0.1');
  second = machines.machine('n2', '127.0.0.2');
});
afterAll(() => machines?.close(first, second));

const square = async (at: string, n: number) => {
  // Who is served over TLS trusts the authority of the cluster.
  const env = { NODE_EXTRA_CA_CERTS: `${first.data}/security/ca.crt` };
  const { out, err } = await machines.start(['run', 'square', String(n), '--url', at], env).ended;
  expect({ out, err }).toMatchObject({ out: `${n * n}\n` });
};

test('one command makes a machine a cluster that runs tasks, and says how others join', async () => {
  first.up();
  const command = await first.joinCommand();
  expect(command).toMatch(/^tutti join 127\.0\.0\.1:\d+ --token tutti1\S+ app\.ts\n$/);
  expect(first.running.err).toContain('only this machine reaches that address');
  url = await first.serves();
  await square(url, 7);
});

test('a second one joins with what was printed, and its token works once', async () => {
  const command = await first.joinCommand();
  second.join(command, '--https');
  const at = await second.serves();
  expect(at).toMatch(/^https:/);
  await square(at, 8);
  const seen = await second.command('status', '--json');
  const { members } = (JSON.parse(seen.out) as { cluster: { members: { id: string; state: string }[] } }).cluster;
  expect(members.map(({ id }) => id)).toEqual(['n1', 'n2']);

  const third = machines.machine('n3', '127.0.0.3');
  const used = await third.join(command).ended;
  expect([used.code, used.err]).toEqual([4, expect.stringContaining('JOIN_TOKEN_USED')]);
  const short = await first.command('token', '--expires', '1');
  const expired = await third.join(short.out).ended;
  expect([expired.code, expired.err]).toEqual([2, expect.stringContaining('JOIN_TOKEN_EXPIRED')]);
  const elsewhere = await second.command('token');
  expect([elsewhere.code, elsewhere.err]).toEqual([2, expect.stringContaining('AUTHORITY_ELSEWHERE')]);
  const taken = await first.command('token');
  const named = await third.join(taken.out, '--name', 'n2').ended;
  expect([named.code, named.err]).toEqual([4, expect.stringContaining('JOIN_REFUSED')]);
});

test('a killed command leaves its nats-server, and the same command ends that one and comes back', async () => {
  const orphan = first.natsPid;
  process.kill(first.running.pid, 'SIGKILL');
  await first.running.ended;
  expect(() => process.kill(orphan, 0)).not.toThrow();
  first.again();
  url = await first.serves();
  await gone(orphan);
  expect(first.natsPid).not.toBe(orphan);
  await square(url, 9);
  expect(first.running.out).toBe('');
});

test('a machine is drained and takes its share again, and another command on its folder is refused', async () => {
  const locked = await second.command('up', 'app.ts');
  expect([locked.code, locked.err]).toEqual([4, expect.stringContaining('DATA_LOCKED')]);
  const drained = await second.command('drain');
  expect([drained.code, drained.err]).toEqual([0, expect.stringContaining('n2 holds nothing any more')]);
  await square(url, 10);
  const before = second.running.err.length;
  await second.command('drain', '--undo');
  await second.serves(before);
  const unknown = await first.command('drain', 'n9');
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('It has: n1, n2.')]);
});

test('a machine that leaves is let in nowhere, and joins again with a new token only', async () => {
  const first2 = await first.command('leave', '--yes');
  expect([first2.code, first2.err]).toEqual([2, expect.stringContaining('keeps its authority')]);
  expect((await second.command('leave')).code).toBe(2);
  expect((await second.command('leave', '--dry-run')).code).toBe(0);
  const left = await second.command('leave', '--yes');
  expect([left.code, left.err]).toEqual([0, expect.stringContaining('n2 is no machine')]);
  expect((await second.running.ended).code).toBe(0);
  expect(readFileSync(`${first.data}/nats/nats-server.conf`, 'utf8')).not.toContain('tutti:node/tutti/n2');
  const back = await second.again('join').ended;
  expect([back.code, back.err]).toEqual([2, expect.stringContaining('--token')]);
  await square(url, 11);
});

test('SIGTERM ends it, its server too', async () => {
  const server = first.natsPid;
  first.running.kill('SIGTERM');
  expect((await first.running.ended).code).toBe(0);
  await gone(server);
});
