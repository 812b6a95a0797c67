/** A machine with a copy of everything is lost for good: another one takes its place, and has copies that count. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { portOf } from '../../src/machine/ports.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import { ensureNatsServer } from '../../tools/setup-nats.ts';
import { type MachineProcess, Machines, squares } from './machines.fixture.ts';

/** Logs are trimmed soon. */
const smallLimits = new URL('../faults/cluster/small-limits.fixture.ts', import.meta.url).href;

let machines: Machines;
let first: MachineProcess;
let lost: MachineProcess;
let third: MachineProcess;
let next: MachineProcess;
let last: MachineProcess;
/** The folder of the lost one, which somebody has a copy of. */
let kept: string;
const urls = new Map<string, string>();
const ids: string[] = [];

beforeAll(async () => {
  machines = await Machines.open();
  [first, lost, third, next, last] = Array.from({ length: 5 }, (_, index) =>
    machines.machine(`n${index + 1}`, `127.0.0.${index + 1}`).with({ NODE_OPTIONS: `--import=${smallLimits}` }),
  ) as [MachineProcess, MachineProcess, MachineProcess, MachineProcess, MachineProcess];
  kept = machines.place.path('kept');
});
afterAll(() => machines?.close(first, lost, third, next, last));

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

/** Has so much done that the log of some partition no longer begins where it began. */
const fill = async (...through: readonly MachineProcess[]): Promise<void> => {
  const client = connect(through.map(urlOf), { timeout: '60 s', giveUpAfter: '60 s' });
  try {
    while (Object.values(await copiesOf(first)).every(([begins]) => begins === 1)) {
      const tasks = await Promise.all(Array.from({ length: 40 }, () => client.tasks['steps']!.start(100)));
      for (const task of tasks) expect(await task.result()).toHaveLength(100);
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

const monitorOf = async (machine: MachineProcess, page: string): Promise<object> => {
  const answer = await fetch(`http://${machine.host}:${portOf(machine.port).monitor}/${page}`);
  return (await answer.json()) as object;
};

/** The streams of which the server of a machine has a copy that is not complete, or none. */
const lacking = async (machine: MachineProcess): Promise<readonly unknown[]> =>
  ((await monitorOf(machine, 'healthz?details=true')) as { readonly errors?: readonly unknown[] }).errors ?? [];

/** How far each copy that a server has goes. */
const copiesOf = async (machine: MachineProcess): Promise<Readonly<Record<string, readonly number[]>>> => {
  const said = (await monitorOf(machine, 'jsz?accounts=true&streams=true')) as {
    readonly account_details: readonly { readonly stream_detail?: readonly { name: string; state: StreamState }[] }[];
  };
  const streams = said.account_details.flatMap(({ stream_detail: of = [] }) => of);
  return Object.fromEntries(
    streams.map(({ name, state }) => [name, [state.first_seq, state.last_seq, state.messages, state.bytes]]),
  );
};

type StreamState = Readonly<Record<'first_seq' | 'last_seq' | 'messages' | 'bytes', number>>;

const token = async (): Promise<string> => (await first.command('token')).out;

test('a machine with a server is not taken out, and one that runs is not replaced', async () => {
  first.up('--replicas', '3', '--partitions', '4');
  lost.join(await first.joinCommand());
  await first.running.seen(/waiting for 1 more machine /);
  third.join(await token());
  await Promise.all([first, lost, third].map(begin));
  await doTasks(30, first, lost, third);
  await fill(first, lost, third);
  const left = await third.command('leave', 'n2', '--yes');
  expect([left.code, left.err]).toEqual([2, expect.stringContaining('tutti join … --replace n2')]);
  const { code, err } = await next.join(await token(), '--replace', 'n2').ended;
  expect([code, err]).toEqual([4, expect.stringContaining('n2 is not gone')]);
});

test('a new machine takes the place of one that is gone, under its own name, and gets all copies', async () => {
  await lost.kill();
  renameSync(lost.data, kept);
  await doTasks(10, first, third);
  next.join(await token(), '--replace', 'n2');
  await begin(next);
  await next.running.seen(/"replaces":"n2","message":"the copies of all streams are here/);
  expect(await lacking(next)).toEqual([]);
  // A leader of a log appends now and then.
  await expect.poll(async () => isDeepStrictEqual(await copiesOf(next), await copiesOf(first))).toBe(true);
  await first.running.seen(/"machine":"n4","replaces":"n2"/);
  await squares(20, urlOf(next));
  const { members = [] } = (JSON.parse((await next.command('status', '--json')).out) as Overview).cluster ?? {};
  expect(members.map(({ id }) => id)).toContain('n4');
  for (const machine of [first, third, next]) {
    const written = readFileSync(`${machine.data}/nats/nats-server.conf`, 'utf8');
    expect(written).not.toMatch(/\/n2"|127\.0\.0\.2/);
  }
});

test('the same command brings it back; on the folder of another machine it is refused', async () => {
  next.running.kill('SIGTERM');
  expect((await next.running.ended).code).toBe(0);
  next.again('join', '--replace', 'n2');
  await begin(next);
  third.running.kill('SIGTERM');
  expect((await third.running.ended).code).toBe(0);
  const { code, err } = await third.again('join', '--replace', 'n2').ended;
  expect([code, err]).toEqual([2, expect.stringContaining('did not take the place of n2')]);
  third.again('join');
  await begin(third);
});

test('the one that was thought gone is let in nowhere, neither its server nor its node', async () => {
  renameSync(kept, lost.data);
  const server = spawn((await ensureNatsServer()).path, ['-c', `${lost.data}/nats/nats-server.conf`]);
  try {
    let closed = 0;
    const turnedAway = Promise.withResolvers<void>();
    createInterface({ input: server.stderr }).on('line', (line) => {
      if (/Router connection closed/.test(line) && ++closed === 20) turnedAway.resolve();
    });
    await turnedAway.promise;
    expect(await monitorOf(lost, 'routez')).toMatchObject({ num_routes: 0 });
    expect(await monitorOf(lost, 'healthz')).toMatchObject({ status: 'unavailable' });
    await doTasks(5, first, third, next);
  } finally {
    server.kill('SIGKILL');
    await once(server, 'close');
  }
  const { err } = await lost.again('join').ended;
  expect(err).toContain('this machine was taken out of the cluster');
  const back = await lost.again('join').ended;
  expect([back.code, back.err]).toEqual([2, expect.stringContaining('--token')]);
});

test('the copies are real: with another machine gone all of it is there and goes on', async () => {
  await third.kill();
  await allThere(first, next);
  await doTasks(20, first, next);
  await squares(20, urlOf(next));
});

test('when all but one of the copies were made anew, they are enough', async () => {
  last.join(await token(), '--replace', 'n3');
  await begin(last);
  await first.kill();
  await allThere(next, last);
  await doTasks(20, next, last);
  first.again();
  await begin(first);
  await allThere(first);
});
