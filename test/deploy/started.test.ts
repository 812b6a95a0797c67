/**
 * What `deploy/` has, started as its comments say: three machines by compose, one by systemd that runs in a container. Where no
 * container can be started though all programs for it are there, nothing is, and that is said.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Access, startCharges } from './charges.fixture.ts';
import { composeCommand } from './compose.fixture.ts';
import { checkPrograms, Engine, mostAllowed, said } from './engine.fixture.ts';
import { image, makeImage } from './image.fixture.ts';

const deploy = join(import.meta.dirname, '../../deploy');
const tutti = 'node_modules/.bin/tutti';

/** What is looked at of `tutti status --json`. */
type Status = {
  readonly cluster: {
    readonly members: readonly {
      readonly id: string;
      readonly state: string;
      readonly heard: boolean;
      readonly healthy: boolean;
      readonly incarnation: number;
    }[];
    readonly partitions: readonly {
      readonly leader?: { readonly member?: string };
      readonly standbys: readonly { readonly following: boolean }[];
    }[];
    readonly engine: { readonly servers: readonly { readonly name: string; readonly online: boolean }[] };
  };
};

checkPrograms();
const started = await Engine.start().then(
  (engine) => ({ engine }),
  (error: Error) => ({ why: error.message }),
);

if ('why' in started) {
  console.log(`\nNothing of deploy/ was started, its form was checked only: ${started.why}\n`);
  test(`nothing was started: ${started.why}`, () => expect(started.why).not.toBe(''));
} else {
  const { engine } = started;
  beforeAll(() => makeImage(engine));
  afterAll(() => engine.close());
  describe('compose', () => composeTests(engine));
  describe('systemd', () => systemdTests(engine));
}

function composeTests(engine: Engine): void {
  const limits = { nofile: Math.min(65_536, mostAllowed('open files')), nproc: mostAllowed('processes') };
  const limited = join(engine.folder, 'limits.yaml');
  let command: readonly [string, ...string[]];

  const compose = (words: readonly string[], token?: string): Promise<string> => {
    const env = { DOCKER_HOST: engine.url, TUTTI_IMAGE: image, TUTTI_JOIN_TOKEN: token ?? '' };
    return said([...command, '-f', join(deploy, 'compose.yaml'), '-f', limited, ...words], env);
  };
  const inFirst = (...words: readonly string[]): Promise<string> => compose(['exec', 'first', ...words]);
  const newToken = async (): Promise<string> => {
    const printed = await inFirst('npx', 'tutti', 'token', '--data', '/data', '--json');
    return (JSON.parse(printed) as { token: string }).token;
  };
  const access = async (): Promise<Access> => ({
    url: 'https://127.0.0.1:8484',
    certificate: await inFirst('cat', '/data/security/ca.crt'),
    token: (await inFirst('npx', 'tutti', 'token', '--data', '/data', '--gateway')).trim(),
  });
  const status = async (): Promise<Status['cluster']> =>
    (JSON.parse(await inFirst(tutti, 'status', '--data', '/data', '--json')) as Status).cluster;
  const incarnation = async (name: string): Promise<number> =>
    (await status()).members.find(({ id }) => id === name)?.incarnation ?? 0;

  const heardNodes = async (): Promise<readonly string[]> =>
    (await status()).members.filter(({ heard }) => heard).map(({ id }) => id);

  /** Which nodes are well, where all servers are and each partition has its two copies; otherwise what was said instead. */
  const wellNodes = async (): Promise<unknown> => {
    try {
      const { members, partitions, engine } = await status();
      const copies = partitions.map(({ leader, standbys }) => [leader, ...standbys.filter((one) => one.following)]);
      if (copies.some(([leader, standby]) => leader === undefined || standby === undefined)) return { partitions };
      if (engine.servers.filter(({ online }) => online).length !== 3) return engine;
      return members.filter((one) => one.state === 'up' && one.heard && one.healthy).map(({ id }) => id);
    } catch (error) {
      return error;
    }
  };
  const allWell = (): Promise<void> =>
    expect.poll(wellNodes, { timeout: 60_000, interval: 250 }).toEqual(['first', 'second', 'third']);

  beforeAll(async () => {
    command = await composeCommand();
    // What the kernel refuses here to everybody; otherwise it is the file as it is.
    const services = ['first', 'second', 'third'].map((name) => [name, { ulimits: limits }]);
    writeFileSync(limited, JSON.stringify({ services: Object.fromEntries(services) }));
  });

  test('the commands of its comment make a cluster of three machines', async () => {
    await compose(['up', '-d', 'first']);
    await expect
      .poll(() => compose(['logs', 'first']), { timeout: 30_000, interval: 250 })
      .toMatch(/a machine joins here/);
    for (const name of ['second', 'third']) await compose(['up', '-d', name], await newToken());
    await allWell();
  });

  test('clients reach it through the published port', async () => {
    await (await startCharges(engine, await access(), 5)).done;
  });

  test('a machine is killed: work that runs goes on, and up brings it back without a token', async () => {
    const charges = await startCharges(engine, await access(), 25);
    await compose(['kill', 'second']);
    await charges.done;
    await expect.poll(heardNodes, { timeout: 30_000, interval: 250 }).toEqual(['first', 'third']);
    await compose(['up', '-d', 'second']);
    await allWell();
  });

  test('all processes of a machine are killed: it is started again', async () => {
    const before = await incarnation('third');
    // Of a container that ends meanwhile the engine may not know what it had begun in it.
    await compose(['exec', 'third', 'sh', '-c', 'kill -9 -1']).catch(() => undefined);
    await expect.poll(() => incarnation('third'), { timeout: 60_000, interval: 250 }).toBeGreaterThan(before);
    await allWell();
  });

  test('stop lets each machine give away what it holds and end by itself', async () => {
    await compose(['stop']);
    for (const name of ['first', 'second', 'third']) {
      expect(await engine.podman('inspect', '--format', '{{.State.ExitCode}}', `tutti-${name}-1`)).toBe('0\n');
      expect(await compose(['logs', '--no-log-prefix', name])).toMatch(/"drained":true,"message":"stopped"/);
    }
    await compose(['down', '--volumes']);
    expect(await engine.podman('ps', '--all', '--quiet')).toBe('');
  });
}

function systemdTests(engine: Engine): void {
  const unit = readFileSync(join(deploy, 'tutti.service'), 'utf8');
  const file = '/etc/systemd/system/tutti.service';
  let address: string;

  const within = (...words: readonly string[]): Promise<string> => engine.podman('exec', 'machine', ...words);
  const shown = async (property: string): Promise<string> =>
    (await within('systemctl', 'show', 'tutti', '--value', '--property', property)).trim();
  const states = async (): Promise<readonly string[]> => [
    await shown('ActiveState'),
    await shown('SubState'),
    await shown('Result'),
  ];
  const copied = async (text: string): Promise<void> => {
    writeFileSync(join(engine.folder, 'tutti.service'), text);
    await engine.podman('cp', join(engine.folder, 'tutti.service'), `machine:${file}`);
  };
  const changed = (from: string, to: string): string => {
    expect(unit).toContain(from);
    return unit.replace(from, to);
  };
  const serves = (): Promise<void> =>
    expect
      .poll(() => within(`/srv/shop/${tutti}`, 'status', '--data', '/var/lib/tutti').catch(String), {
        timeout: 60_000,
        interval: 250,
      })
      .toMatch(/2 of 2 partitions led/);

  beforeAll(async () => {
    await engine.podman('run', '--detach', '--name', 'machine', '--systemd=always', image, '/lib/systemd/systemd');
    address = (await engine.podman('inspect', '--format', '{{.NetworkSettings.IPAddress}}', 'machine')).trim();
  });

  test('the commands of its comment make a machine that serves', async () => {
    await expect
      .poll(() => within('systemctl', 'is-system-running').catch(String), { timeout: 30_000 })
      .toBe('running\n');
    const [, user] = /^# +(useradd .*)$/m.exec(unit) as RegExpExecArray;
    await within(...(user as string).split(' '));
    await copied(changed('10.0.0.7', address));
    await within('systemctl', 'enable', '--now', 'tutti');
    await serves();
    expect(await states()).toEqual(['active', 'running', 'success']);
    const certificate = await within('cat', '/var/lib/tutti/security/ca.crt');
    const token = (await within(`/srv/shop/${tutti}`, 'token', '--data', '/var/lib/tutti', '--gateway')).trim();
    await (await startCharges(engine, { url: `https://${address}:8484`, certificate, token }, 5)).done;
  });

  test('its main process is killed: it is started again', async () => {
    const before = await shown('MainPID');
    await within('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'tutti');
    await expect.poll(() => shown('NRestarts'), { timeout: 30_000 }).toBe('1');
    await serves();
    expect(await shown('MainPID')).not.toBe(before);
  });

  test('stop ends it in its time, and nothing is left that ran', async () => {
    await within('systemctl', 'stop', 'tutti');
    expect(await states()).toEqual(['inactive', 'dead', 'success']);
    expect(await within('sh', '-c', 'pidof node nats-server || echo none')).toBe('none\n');
    expect(await within('journalctl', '--unit', 'tutti', '--no-pager')).toMatch(/"drained":true,"message":"stopped"/);
  });

  test('what was asked for cannot be: it is not tried again', async () => {
    await copied(changed('--host', '--hots'));
    await within('systemctl', 'daemon-reload');
    await within('systemctl', 'start', '--no-block', 'tutti');
    // A loop would be activating, auto-restart, instead.
    await expect.poll(states, { timeout: 30_000 }).toEqual(['failed', 'failed', 'exit-code']);
    expect([await shown('ExecMainStatus'), await shown('NRestarts')]).toEqual(['2', '0']);
  });
}
