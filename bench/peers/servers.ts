/**
 * The servers that peers need: Debian's Redis and PostgreSQL, each in a folder and on a port of its own, on loopback only.
 * They end with this process, whatever ends it: the kernel sends them a signal when their parent is gone (`setpriv
 * --pdeathsig`). PostgreSQL refuses to run as root and then runs as the user `postgres`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export type Server = { readonly port: number; readonly version: string; stop(): Promise<void> };

const loopback = '127.0.0.1';
const startLimitMs = 30_000;
const pollMs = 50;

/** Paths of what is needed. Throws with the remedy when something is missing. */
export const findServers = () => {
  const postgresFolders = versionFolders('/usr/lib/postgresql').map((version) => join(version, 'bin'));
  const found = {
    redis: findProgram('redis-server', []),
    postgres: findProgram('postgres', postgresFolders),
    initdb: findProgram('initdb', postgresFolders),
    setpriv: findProgram('setpriv', []),
  };
  const missing = Object.entries(found).flatMap(([name, path]) => (path === undefined ? [name] : []));
  if (missing.length > 0)
    throw new Error(`Not found: ${missing.join(', ')}. On Debian: apt-get install -y redis-server postgresql`);
  return found as { readonly [Name in keyof typeof found]: string };
};

export type ServerPrograms = ReturnType<typeof findServers>;

/** Redis that syncs its append-only file before each answer. */
export const startRedis = async (programs: ServerPrograms, parent: string = tmpdir()): Promise<Server> => {
  const folder = mkdtempSync(join(parent, 'tutti-bench-redis-'));
  const port = await freePort();
  const settings = {
    bind: loopback,
    port,
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    daemonize: 'no',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = start(programs, 'TERM', [], [programs.redis, ...args]);
  await answers(child, port, 'Redis');
  return { port, version: versionOf(programs.redis), stop: () => stop(child, 'SIGTERM', folder) };
};

/** PostgreSQL with its defaults for durability (fsync and synchronous_commit on) and room to work in. */
export const startPostgres = async (programs: ServerPrograms, parent: string = tmpdir()): Promise<Server> => {
  const folder = mkdtempSync(join(parent, 'tutti-bench-postgres-'));
  const port = await freePort();
  const asUser = process.getuid?.() === 0 ? postgresUser(folder) : [];
  const initArgs = ['-D', folder, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--no-instructions'];
  execFileSync(programs.setpriv, [...asUser, programs.initdb, ...initArgs], { stdio: ['ignore', 'ignore', 'inherit'] });
  const settings = {
    listen_addresses: loopback,
    port,
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    shared_buffers: '1GB',
    max_wal_size: '4GB',
    max_connections: 300,
    log_min_messages: 'fatal',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // INT is PostgreSQL's "fast" shutdown: it does not wait for clients.
  const child = start(programs, 'INT', asUser, [programs.postgres, '-D', folder, ...args]);
  await answers(child, port, 'PostgreSQL');
  return { port, version: versionOf(programs.postgres), stop: () => stop(child, 'SIGINT', folder) };
};

const start = (
  programs: ServerPrograms,
  deathSignal: string,
  asUser: readonly string[],
  command: readonly string[],
): ChildProcess =>
  // A group of its own: Ctrl-C is for this process, which then stops the servers in order.
  spawn(programs.setpriv, [...asUser, '--pdeathsig', deathSignal, ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });

/** Gives the folder to the user `postgres`, and the options that make a program run as that user. */
const postgresUser = (folder: string): readonly string[] => {
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  chownSync(folder, idOf('-u'), idOf('-g'));
  return ['--reuid', 'postgres', '--regid', 'postgres', '--init-groups'];
};

const stop = async (child: ChildProcess, signal: NodeJS.Signals, folder: string): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
};

/** Waits until something listens on the port. */
const answers = async (child: ChildProcess, port: number, name: string): Promise<void> => {
  const until = performance.now() + startLimitMs;
  while (performance.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const socket = connect(port, loopback);
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  child.kill('SIGKILL');
  throw new Error(`${name} did not start.`);
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, loopback);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port is free.');
  return address.port;
};

const findProgram = (name: string, folders: readonly string[]): string | undefined =>
  [...folders, ...(process.env['PATH'] ?? '').split(delimiter)].map((folder) => join(folder, name)).find(isExecutable);

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** `/usr/lib/postgresql/17`, `…/15`: newest first. */
const versionFolders = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(folder, version));
  } catch {
    return [];
  }
};

const versionOf = (program: string): string =>
  /\d+\.\d+(\.\d+)?/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown';
