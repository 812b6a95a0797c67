/**
 * A container engine for one test: podman's, in a network of its own (`engine.sh`), over a folder that is removed with it. It is
 * spoken to through its socket, by podman and by compose.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Ends a program that hangs, sooner than the test that waits for it. */
const programMs = 110_000;

type Surroundings = Readonly<Record<string, string>>;

/** What the program printed. Rejects where it fails, with what it said. */
export const said = async (
  [program, ...words]: readonly [string, ...string[]],
  env: Surroundings = {},
  timeout = programMs,
): Promise<string> => {
  const settings = { env: { ...process.env, ...env }, timeout, maxBuffer: 64 * 1024 * 1024 };
  return (await execute(program, words, settings)).stdout;
};

/** What the kernel allows a process here at most; more than that it refuses to containers as well. */
export const mostAllowed = (what: 'open files' | 'processes'): number => {
  const [, most] = new RegExp(`^Max ${what} +\\S+ +(\\S+)`, 'm').exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  const number = Number(most);
  return Number.isFinite(number) ? number : 1_048_576;
};

/** Debian's packages of the same names, in PATH or where podman looks. */
const programs = ['podman', 'runc', 'netavark', 'iptables', 'catatonit', 'mmdebstrap'];

/** Throws if what an engine consists of is not all there: that is no machine on which none can be, but one on which none is installed. */
export const checkPrograms = (): void => {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/lib/podman'];
  const missing = programs.filter((program) => !places.some((place) => existsSync(join(place, program))));
  if (missing.length > 0)
    throw new Error(`There is no ${missing.join(', ')}: apt-get install --no-install-recommends ${missing.join(' ')}`);
};

export class Engine {
  /** For what else the test writes. */
  readonly folder = mkdtempSync(join(tmpdir(), 'tutti-deploy-'));
  readonly url: string;
  readonly #process: ChildProcess;
  #complaints = '';

  private constructor() {
    const at = (name: string): string => join(this.folder, name);
    this.url = `unix://${at('engine.sock')}`;
    mkdirSync(at('networks'));
    mkdirSync(at('tmp'));
    const limits = [`nofile=${mostAllowed('open files')}`, `nproc=${mostAllowed('processes')}`];
    const settings = [
      ...['[containers]', `default_ulimits = ${JSON.stringify(limits.map((one) => `${one}:${one.split('=')[1]}`))}`],
      // No controllers are handed to it: nothing is counted.
      'pids_limit = 0',
      ...['[engine]', 'runtime = "runc"', 'cgroup_manager = "cgroupfs"', 'events_logger = "file"'],
      ...['[network]', 'network_backend = "netavark"', `network_config_dir = "${at('networks')}"`],
    ];
    const storage = ['[storage]', 'driver = "overlay"', `graphroot = "${at('store')}"`, 'runroot = "/run/containers"'];
    writeFileSync(at('containers.conf'), `${settings.join('\n')}\n`);
    writeFileSync(at('storage.conf'), `${storage.join('\n')}\n`);
    this.#process = spawn(
      'unshare',
      ['--net', '--mount', 'sh', join(import.meta.dirname, 'engine.sh'), at('engine.sock')],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
        env: {
          ...process.env,
          CONTAINERS_CONF: at('containers.conf'),
          CONTAINERS_STORAGE_CONF: at('storage.conf'),
          TMPDIR: at('tmp'),
        },
      },
    );
    this.#process.stderr?.on('data', (bytes) => {
      this.#complaints += bytes;
    });
  }

  /** Resolves when a container has run in it. Rejects with the reason where none can; nothing is left then. */
  static async start(): Promise<Engine> {
    const engine = new Engine();
    try {
      await engine.#answers();
      await engine.#runsOne();
      return engine;
    } catch (cause) {
      await engine.close();
      throw new Error(`no container can be started here: ${reasonOf(cause)}`, { cause });
    }
  }

  /** As `podman WORDS` in it. */
  podman(...words: readonly string[]): Promise<string> {
    return said(['podman', '--url', this.url, ...words]);
  }

  /** The words that run a command in the network in which its ports are published. */
  get inItsNetwork(): readonly [string, ...string[]] {
    return ['nsenter', '--target', String(this.#process.pid), '--net'];
  }

  /** Ends all that runs in it, and removes its folder. */
  async close(): Promise<void> {
    if (this.#process.pid !== undefined && this.#process.exitCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.stdin?.end();
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answers(): Promise<void> {
    const failed = once(this.#process, 'exit').then(() => {
      throw new Error(this.#complaints.trim() || 'the engine ended');
    });
    const answers = async (): Promise<void> => {
      while (this.#process.exitCode === null && !(await listens(this.url.slice('unix://'.length)))) await pause(50);
    };
    await Promise.race([failed, answers()]);
  }

  /** With the programs of this machine: there is no image yet. */
  async #runsOne(): Promise<void> {
    const root = join(this.folder, 'probe');
    mkdirSync(join(root, 'usr'), { recursive: true });
    for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
    await said(['tar', '-C', root, '-cf', `${root}.tar`, '.']);
    await this.podman('import', '--quiet', `${root}.tar`, 'probe');
    await this.podman('run', '--rm', '--volume', '/usr:/usr:ro', 'probe', '/usr/bin/true');
  }
}

const listens = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

const reasonOf = (cause: unknown): string => {
  const { stderr, message } = cause as { readonly stderr?: string; readonly message: string };
  return stderr?.trim() || message;
};
