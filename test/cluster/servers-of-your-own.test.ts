/** `tutti up --nats`: machines over NATS servers that were there before, with TLS and users of their own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownKeyPair } from '../../src/security/authority.ts';
import { newAuthority } from '../../src/security/security.fixture.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import { type MachineProcess, Machines, squares } from './machines.fixture.ts';

const password = 'of the servers';
const account = 'SHOP';

let folder: string;
let servers: NatsCluster;
let machines: Machines;
let first: MachineProcess;
let second: MachineProcess;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'tutti-own-servers-'));
  const authority = newAuthority(Date.now());
  const ca = path.join(folder, 'ca.crt');
  writeFileSync(ca, authority.certificate);
  mkdirSync(path.join(folder, 'secrets'), { mode: 0o700 });
  servers = await startNatsCluster({
    configure: (server) => {
      const { key, certificate } = ownKeyPair(
        authority,
        { identity: { kind: 'server', name: server.name }, hosts: ['127.0.0.1'] },
        Date.now(),
      );
      const pem = path.join(folder, 'secrets', `${server.name}.pem`);
      writeFileSync(pem, key + certificate, { mode: 0o600 });
      return {
        ...server,
        tls: { cert: pem, key: pem, ca },
        accounts: { [account]: { jetstream: true, users: [{ user: 'shop', password }] } },
      };
    },
  });
  machines = await Machines.open();
  first = machines.machine('n1', '127.0.0.1');
  second = machines.machine('n2', '127.0.0.2');
});

afterAll(async () => {
  await machines?.close(first, second);
  await servers?.close();
  rmSync(folder, { recursive: true, force: true });
});

const natsOptions = () => ['--nats-ca', path.join(folder, 'ca.crt')];
const natsUser = (given: string) => ({ TUTTI_NATS_USER: 'shop', TUTTI_NATS_PASSWORD: given });

const up = () => ['--replicas', '3', ...servers.urls.flatMap((url) => ['--nats', url]), ...natsOptions()];

test('who may not use them is told so, whatever servers they name', async () => {
  const { code, err } = await first.with(natsUser('wrong')).up(...up()).ended;
  expect([code, err]).toEqual([2, expect.stringContaining('UNAUTHORIZED')]);
});

test('one machine is enough to begin; another joins, without a server of its own', async () => {
  first.with(natsUser(password)).up(...up());
  const url = await first.serves();
  await squares(20, url);
  second.with(natsUser(password)).join((await first.command('token')).out, ...natsOptions());
  await squares(20, await second.serves());
});

test('one of the servers is killed, and a machine: nobody who asks both sees an error', async () => {
  const [one, other] = [await first.serves(), await second.serves()];
  await servers.kill(0);
  await squares(50, one, other);
  await first.kill();
  await squares(50, one, other);
});
