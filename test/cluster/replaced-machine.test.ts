/** A machine with a copy of everything is lost for good: another one takes its place, and has copies that count. */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { portOf } from '../../src/machine/ports.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import { type MachineProcess, Machines, squares } from './machines.fixture.ts';

let machines: Machines;
let first: MachineProcess;
let lost: MachineProcess;
let third: MachineProcess;
let next: MachineProcess;
/** The lost one, as it was: somebody had a copy of its folder. */
let ghost: MachineProcess;
const urls = new Map<string, string>();
const ids: string[] = [];

beforeAll(async () => {
  machines = await Machines.open();
  [first, lost, third, next] = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'].map((host, index) =>
    machines.machine(`n${index + 1}`, host),
  ) as [MachineProcess, MachineProcess, MachineProcess, MachineProcess];
  ghost = machines.machine('ghost', '127.0.0.2');
});
afterAll(() => machines?.close(first, lost, third, next, ghost));

const urlOf = (machine: MachineProcess): string => urls.get(machine.name) as string;

const begin = async (machine: MachineProcess): Promise<void> => {
  urls.set(machine.name, await machine.serves());
};

const doTasks = async (count: number, ...through: readonly MachineProcess[]): Promise<void> => {
  const client = connect(through.map(urlOf), { timeout: '60 s', giveUpAfter: '60 s' });
  try {
    for (let n = 0; n < count; n++) {
      const task = await client.tasks['square']!.start(n);
      expect(await task.result()).toBe(n * n);
      ids.push(task.id);
    }
  } finally {
    await client.close();
  }
};

/** Every outcome that was ever told is still told. */
const allThere = async (...through: readonly MachineProcess[]): Promise<void> => {
  const client = connect(through.map(urlOf), { timeout: '60 s', giveUpAfter: '60 s' });
  try {
    const seen = await Promise.all(ids.map((id) => client.result(id)));
    const squared = new Set(Array.from({ length: ids.length }, (_, n) => n * n));
    expect(seen.every((one) => squared.has(one as number))).toBe(true);
  } finally {
    await client.close();
  }
};

/** The streams of which the server of a machine has a copy that is not complete, or none. */
const behind = async (machine: MachineProcess): Promise<readonly unknown[]> => {
  const { monitor } = portOf(machine.port);
  const answer = await fetch(`http://${machine.host}:${monitor}/healthz?details=true`);
  return ((await answer.json()) as { readonly errors?: readonly unknown[] }).errors ?? [];
};

const token = async (): Promise<string> => (await first.command('token')).out;

test('a new machine takes the place of one that is gone, under its own name, and gets all copies', async () => {
  first.up('--replicas', '3', '--partitions', '4');
  lost.join(await first.joinCommand());
  await first.running.seen(/waiting for 1 more machine /);
  third.join(await token());
  await Promise.all([first, lost, third].map(begin));
  await doTasks(30, first, lost, third);

  await lost.kill();
  cpSync(lost.data, ghost.data, { recursive: true });
  rmSync(lost.data, { recursive: true });
  await doTasks(10, first, third);
  next.join(await token(), '--replace', 'n2');
  await begin(next);
  expect(await behind(next)).toEqual([]);
  expect(first.running.err).toContain('"replaces":"n2"');
  await squares(20, urlOf(next));
  const { members = [] } = (JSON.parse((await next.command('status', '--json')).out) as Overview).cluster ?? {};
  expect(members.map(({ id }) => id)).toContain('n4');
  for (const machine of [first, third, next]) {
    const written = readFileSync(`${machine.data}/nats/nats-server.conf`, 'utf8');
    expect(written).not.toContain('/n2"');
    expect(written).not.toContain('127.0.0.2');
  }
});

test('the copies are real: with another machine gone all of it is there and goes on', async () => {
  await third.kill();
  await allThere(first, next);
  await doTasks(20, first, next);
  await squares(20, urlOf(next));
});
