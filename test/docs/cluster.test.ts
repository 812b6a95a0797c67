/** The commands of docs/cluster.md are run, in their order, at addresses of this machine; what `deploy/` has is read and checked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { programOf } from '../../src/cli/main.ts';
import { processShell } from '../../src/cli/shell.ts';
import { loopbackHosts } from '../../src/security/authority.ts';
import { type MachineProcess, Machines } from '../cluster/machines.fixture.ts';
import { commandsOf } from './examples.ts';

const root = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const page = read('docs/cluster.md');
const commands = commandsOf(page).map((line) => line.split(' ').slice(1));

let machines: Machines;
let first: MachineProcess;
let second: MachineProcess;
let third: MachineProcess;
beforeAll(async () => {
  machines = await Machines.open();
  first = machines.machine('first', '127.0.0.1');
  second = machines.machine('second', '127.0.0.2');
  third = machines.machine('third', '127.0.0.3');
});
afterAll(() => machines?.close(first, second, third));

const words = (command: string, index: number): readonly string[] => {
  const found = commands.filter(([name]) => name === command)[index];
  if (found === undefined) throw new Error(`the page has no such command: ${command} ${index}`);
  // Other than on the page the address is of this machine.
  const at = found.indexOf('--host');
  return at < 0 ? found.slice(1) : [...found.slice(1, at), ...found.slice(at + 2)];
};

test('all commands of the page are run here, but for two that tests in test/cluster/ run', () => {
  expect(commands.map(([name]) => name)).toEqual(['up', 'up', 'up', 'drain', 'drain', 'leave', 'join']);
  // up-from.test.ts and replaced-machine.test.ts
  for (const [index, option] of [
    [1, '--from'],
    [6, '--replace'],
  ] as const) {
    const command = commands[index] ?? [];
    expect(command).toContain(option);
    checkCommand(`tutti ${command.join(' ')}`);
  }
});

test('two commands make a cluster of two machines; one of them is drained, and leaves', async () => {
  first.up(...words('up', 0).slice(1));
  const printed = await first.joinCommand();
  expect(printed.replaceAll(/[\d.]+:\d+|tutti1\S+/g, '')).toBe(
    (/^tutti join .*\n/m.exec(page) as RegExpExecArray)[0].replaceAll(/[\d.]+:\d+|tutti1\S+/g, ''),
  );
  await first.serves();
  second.join(printed);
  await second.serves();
  for (const [command, index] of [
    ['drain', 0],
    ['drain', 1],
    ['leave', 0],
  ] as const) {
    const ended = await second.command(command, ...words(command, index));
    expect([command, ended.code], ended.err).toEqual([command, 0]);
  }
  expect((await second.running.ended).code).toBe(0);
});

test('one that keeps three copies waits for two more, and can be ended meanwhile', async () => {
  third.up(...words('up', 2).slice(1));
  await third.running.seen(/waiting for 2 more machines/);
  third.running.kill('SIGTERM');
  expect((await third.running.ended).code).toBe(0);
});

/** Throws where a command, or an option of it, is none. */
const checkCommand = (line: string): void => {
  const [name, ...rest] = line.split(' ').slice(1);
  const command = programOf(processShell(), () => undefined).commands.find((one) => one.name() === name);
  const unknown = rest.filter((word) => word.startsWith('--') && !command?.options.some(({ long }) => long === word));
  expect({ line, known: command?.name(), unknown }).toEqual({ line, known: name, unknown: [] });
};

test('the unit of systemd is one, and its command exists', () => {
  const unit = read('deploy/tutti.service');
  const lines = unit.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.filter((line) => !/^(\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=\S.*)$/.test(line))).toEqual([]);
  checkCommand((/^ExecStart=\/usr\/bin\/env node_modules\/\.bin\/(.*)$/m.exec(unit) as RegExpExecArray)[1] as string);
});

test('the compose file has three machines at addresses of its network, whose commands exist', () => {
  const { services, volumes } = parse(read('deploy/compose.yaml'), { merge: true }) as {
    services: Record<
      string,
      {
        command: string;
        image: string;
        volumes: string[];
        ports?: string[];
        networks: { cluster: { ipv4_address: string } };
      }
    >;
    volumes: object;
  };
  expect(Object.keys(services)).toEqual(Object.keys(volumes));
  for (const [name, { command, image, volumes: mounted, ports = [], networks }] of Object.entries(services)) {
    checkCommand(command.replace(/^node_modules\/\.bin\//, ''));
    expect(image).not.toBe('');
    expect(command).toContain(`--host ${networks.cluster.ipv4_address} --name ${name}`);
    // Nothing else: over the folder of the app it would hide the packages that are there.
    expect(mounted).toEqual([`${name}:/data`]);
    // Where it is published its certificate is good.
    for (const published of ports) expect(loopbackHosts).toContain(published.split(':')[0]);
  }
});
