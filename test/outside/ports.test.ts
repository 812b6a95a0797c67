/**
 * Every port that the machines of a cluster open, tried from another machine: from a network namespace that has one wire to theirs.
 * Nothing here is of the loopback, for which some rules are softer.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inboxOf, logStream, mapLogName } from '../../src/engine/nats/names.ts';
import { portOf } from '../../src/machine/ports.ts';
import { ownKeyPair } from '../../src/security/authority.ts';
import { readJoinToken, secretBytes, writeJoinToken } from '../../src/security/join-token.ts';
import { readKeyPair } from '../../src/security/key-pair-file.ts';
import { PrivateFolder } from '../../src/security/private-folder.ts';
import { newAuthority } from '../../src/security/security.fixture.ts';
import { type Running, withinNamespace } from '../cli/command.fixture.ts';
import { type MachineProcess, Machines } from '../cluster/machines.fixture.ts';
import { Namespaces } from './namespaces.fixture.ts';
import type { Probe } from './probe-process.fixture.ts';

let network: Namespaces;
let machines: Machines;
let all: readonly MachineProcess[] = [];
let usedToken: string;

beforeAll(async () => {
  network = new Namespaces();
  machines = await Machines.open(network.inside);
  all = network.hosts.map((host, index) => machines.machine(`n${index + 1}`, host));
  at(0).up('--replicas', '3');
  usedToken = await at(0).joinCommand();
  at(1).join(usedToken);
  await at(0).running.seen(/waiting for 1 more machine /);
  at(2).join(await newToken());
  await Promise.all(all.map((machine) => machine.serves()));
});

afterAll(async () => {
  await machines?.close(...all);
  network?.remove();
});

const at = (index: number): MachineProcess => all[index] as MachineProcess;

/** As a command that joins. */
const newToken = async (...options: readonly string[]): Promise<string> =>
  (await at(0).command('token', ...options)).out;

/** What is found from outside. */
const tried = (probe: Probe): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const [program, ...words] = [
      ...withinNamespace(network.outside),
      process.execPath,
      `${import.meta.dirname}/probe-process.fixture.ts`,
    ];
    const child = execFile(program as string, words, (error, out, err) => {
      if (error === null) resolve(JSON.parse(out));
      else reject(new Error(err, { cause: error }));
    });
    child.stdin?.end(JSON.stringify(probe));
  });

/** The ports that are to be reached: the door where the cluster began, and never the monitor of a nats-server. */
const portsOf = (machine: MachineProcess): Readonly<Record<string, number>> => {
  const { gateway, door, lifeLine, client, route } = portOf(machine.port);
  return { gateway, ...(machine === at(0) ? { door } : {}), lifeLine, client, route };
};

test('these ports are open, and no others', async () => {
  for (const machine of all)
    expect(await tried({ scan: machine.host }), machine.name).toEqual(Object.values(portsOf(machine)).sort());
});

const answered = /tutti |PONG|\+OK|HTTP\/1\.1 [23]/;
const questions: Readonly<Record<string, string>> = {
  gateway: 'GET /v1/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  door: 'POST /v1/member/roster HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 13\r\n\r\n{"version":0}',
  lifeLine: 'tutti abc\n',
  client: 'CONNECT {"verbose":true}\r\nPING\r\n',
  route: 'CONNECT {"verbose":true}\r\nPING\r\n',
};

const say = async (machine: MachineProcess, port: string, tls?: { ca: string; cert?: string; key?: string }) =>
  String(
    await tried({
      host: machine.host,
      port: portsOf(machine)[port] as number,
      say: questions[port] as string,
      ...(tls === undefined ? {} : { tls }),
    }),
  );

test('nothing is answered without TLS', async () => {
  for (const machine of all)
    for (const port of Object.keys(portsOf(machine))) {
      const said = await say(machine, port);
      expect(said, `${machine.name} ${port}`).not.toMatch(answered);
      // NATS says first that it wants TLS.
      if (said.startsWith('INFO')) expect(said).toContain('"tls_required":true');
    }
});

test('nothing is answered without a certificate, or to one of another authority', async () => {
  const foreign = newAuthority(Date.now());
  const ca = readFileSync(`${at(0).data}/security/ca.crt`, 'utf8');
  for (const machine of all)
    for (const port of Object.keys(portsOf(machine))) {
      const kind = port === 'route' ? ({ kind: 'server', name: 'n1' } as const) : undefined;
      const identity = kind ?? ({ kind: 'node', app: 'tutti', name: 'n1' } as const);
      const { key, certificate } = ownKeyPair(foreign, { identity, hosts: [] }, Date.now());
      for (const tls of [{ ca }, { ca, key, cert: certificate }])
        expect(await say(machine, port, tls), `${machine.name} ${port}`).not.toMatch(answered);
    }
  // Who has one of the cluster is answered: by a life line, and by the door.
  const { key, certificate: cert } = pairOf(at(1));
  expect(await say(at(2), 'lifeLine', { ca, key, cert })).toMatch(/^tutti /);
  expect(await say(at(0), 'door', { ca, key, cert })).toContain('200 OK');
});

const pairOf = (machine: MachineProcess) => {
  const pair = readKeyPair(new PrivateFolder(`${machine.data}/security`), 'node.pem');
  if (pair === undefined) throw new Error(`${machine.name} has no certificate`);
  return pair;
};

test('a gateway asks for its token, its page and figures too', async () => {
  const ca = readFileSync(`${at(0).data}/security/ca.crt`, 'utf8');
  const token = (await at(0).command('token', '--gateway')).out.trim();
  const asked = async (path: string, given: string) =>
    String(
      await tried({
        host: at(1).host,
        port: portsOf(at(1))['gateway'] as number,
        say: `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${given}\r\n\r\n`,
        tls: { ca },
      }),
    ).slice(0, 'HTTP/1.1 200'.length);
  for (const path of ['/v1/tasks', '/v1/app', '/metrics', '/openapi.json']) {
    expect(await asked(path, `${token}x`), path).toBe('HTTP/1.1 401');
    expect(await asked(path, token), path).toBe('HTTP/1.1 200');
  }
});

test('a node sees of NATS what is of its app, and nothing of the servers', async () => {
  const { key, certificate: cert, authority: ca } = pairOf(at(1));
  const servers = `${at(0).host}:${portsOf(at(0))['client']}`;
  const asked = {
    nats: servers,
    inboxPrefix: inboxOf(at(1).name),
    subjects: ['>', '$SYS.>', '$SYS.ACCOUNT.>'],
    stream: logStream('tutti', mapLogName),
  };
  expect(await tried({ ...asked, tls: { ca, cert, key } })).toEqual({
    stream: asked.stream,
    seen: asked.subjects.map(() => 'PermissionViolationError'),
  });
  const strange = ownKeyPair(
    newAuthority(Date.now()),
    { identity: { kind: 'node', app: 'tutti', name: 'n1' }, hosts: [] },
    Date.now(),
  );
  for (const tls of [{ ca }, { ca, key: strange.key, cert: strange.certificate }])
    expect(await tried({ ...asked, tls })).toMatch(/^!/);
});

test('a token that was used, ran out, or was never given out lets no machine in; a good one does', async () => {
  const enter = (command: string, name: string): Running => {
    const [, ...words] = command.trim().split(' ');
    const more = ['--data', machines.place.path(name), '--port', '0', '--name', name];
    return machines.start([...words, ...more], {}, network.outside);
  };
  const good = await newToken();
  const neverGiven = good.replace(/tutti1\S+/, (token) =>
    writeJoinToken({ ...readJoinToken(token), secret: randomBytes(secretBytes) }),
  );
  for (const [command, code, says] of [
    [usedToken, 4, 'JOIN_TOKEN_USED'],
    [await newToken('--expires', '1 ms'), 2, 'JOIN_TOKEN_EXPIRED'],
    [neverGiven, 2, 'JOIN_TOKEN_WRONG'],
  ] as const)
    expect(await enter(command, 'n4').ended).toMatchObject({ code, err: expect.stringContaining(says) });
  const fourth = enter(good, 'n4');
  await fourth.seen(/"message":"serving"/);
  await fourth.end();
});
