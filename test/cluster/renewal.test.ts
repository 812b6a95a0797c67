/** Machines whose certificates are two months old: they have new ones before anybody notices, and show them. */
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificateFiles } from '../../src/machine/certificates.ts';
import { portOf } from '../../src/machine/ports.ts';
import { openAuthority, ownKeyPair } from '../../src/security/authority.ts';
import { readCertificate } from '../../src/security/certificate.ts';
import type { Identity } from '../../src/security/identity.ts';
import { readKeyPair, writeKeyPair } from '../../src/security/key-pair-file.ts';
import { PrivateFolder } from '../../src/security/private-folder.ts';
import { dayMs } from '../../src/security/security.fixture.ts';
import { type MachineProcess, Machines } from './machines.fixture.ts';

let machines: Machines;
let first: MachineProcess;
let second: MachineProcess;

beforeAll(async () => {
  machines = await Machines.open();
  first = machines.machine('n1', '127.0.0.1');
  second = machines.machine('n2', '127.0.0.2');
});
afterAll(() => machines?.close(first, second));

const secretsOf = (machine: MachineProcess): PrivateFolder => new PrivateFolder(`${machine.data}/security`);

const serialIn = (machine: MachineProcess, role: keyof typeof certificateFiles): string => {
  const pair = readKeyPair(secretsOf(machine), certificateFiles[role]);
  if (pair === undefined) throw new Error(`${machine.name} has no certificate as a ${role}`);
  return readCertificate(pair.certificate).x509.serialNumber;
};

/** As if it had been made then: good for another month. Returns its serial number. */
const age = (machine: MachineProcess, role: keyof typeof certificateFiles): string => {
  const { name, host } = machine;
  const identity: Identity = role === 'node' ? { kind: 'node', app: 'tutti', name } : { kind: 'server', name };
  const authority = openAuthority(secretsOf(first), Date.now());
  const pair = ownKeyPair(authority, { identity, hosts: [host] }, Date.now() - 65 * dayMs);
  writeKeyPair(secretsOf(machine), certificateFiles[role], { ...pair, authority: authority.certificate });
  return readCertificate(pair.certificate).x509.serialNumber;
};

/** The serial number of the certificate that is shown there. */
const shownAt = async (host: string, port: number, greets = false): Promise<string | undefined> => {
  const plain: Socket = connectPlain({ host, port });
  await once(plain, greets ? 'data' : 'connect');
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const serial = socket.getPeerX509Certificate()?.serialNumber;
  socket.destroy();
  return serial;
};

test('certificates are renewed while the cluster works: of nodes, of servers, here and on machines that joined', async () => {
  first.up();
  second.join(await first.joinCommand(), '--https');
  await Promise.all([first.serves(), second.serves()]);
  await Promise.all([first.kill(), second.kill()]);
  const old = { first: age(first, 'node'), server: age(first, 'server'), second: age(second, 'node') };

  first.again();
  // Who finds nobody there asks again much later.
  await first.running.seen(/machines join here/);
  second.again('join', '--https');
  const [url] = await Promise.all([first.serves(), second.serves()]);
  await first.running.seen(/"certificate":"node","message":"certificate renewed"/);
  await first.running.seen(/"certificate":"server","message":"certificate renewed"/);
  await second.running.seen(/"certificate":"node","message":"certificate renewed"/);
  const now = { first: serialIn(first, 'node'), server: serialIn(first, 'server'), second: serialIn(second, 'node') };
  for (const which of ['first', 'server', 'second'] as const) expect(now[which]).not.toBe(old[which]);

  const { client, door } = portOf(first.port);
  const { gateway, lifeLine } = portOf(second.port);
  await expect.poll(() => shownAt(first.host, client, true)).toBe(now.server);
  await expect.poll(() => shownAt(first.host, door)).toBe(now.server);
  await expect.poll(() => shownAt(second.host, gateway)).toBe(now.second);
  expect(await shownAt(second.host, lifeLine)).toBe(now.second);
  const { out } = await machines.run('run', 'square', '7', '--url', url);
  expect(out).toBe('49\n');
});
