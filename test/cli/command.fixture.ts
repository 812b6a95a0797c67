/** Runs the `tutti` command as a process of its own, in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellLine } from '../../src/cli/shell-words.ts';

export const bin = join(import.meta.dirname, '../../bin/tutti.js');

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
};

const endMaxMs = 20_000;

type RunOptions = {
  readonly input?: string;
  /** In a terminal of its own (`script`): keys are typed, and all that it shows is on stdout; how it was left, too. */
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** In a process group of its own, which can be killed as one. */
  readonly group?: boolean;
  /** A module that is run in the process first: to make something on this machine other than it is. */
  readonly preload?: string;
  /** Shell commands before it, such as `ulimit`. */
  readonly before?: string;
  /** A network namespace to run in. */
  readonly namespace?: string | undefined;
};

/** The words that run a command in a network namespace. */
export const withinNamespace = (namespace: string): readonly string[] => ['ip', 'netns', 'exec', namespace];

/** The words that run a command in a terminal, which is asked for its settings in the end. */
const inTerminal = (command: readonly string[]): readonly string[] => [
  ...['script', '--quiet', '--return', '--command'],
  ...[`${shellLine(command)}; code=$?; stty -a; exit $code`, '/dev/null'],
];

/** A running command. */
export class Running {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  out = '';
  err = '';
  #looks: (() => void)[] = [];

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      this.#look();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
      this.#look();
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        resolve({ code, signal, out: this.out, err: this.err });
        this.#look();
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Settles when the pattern is on stderr, behind its first `from` characters; rejects if the command ends without it. */
  async seen(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.err.slice(from));
      if (found !== null) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`The command ended without ${pattern}. stderr:\n${this.err}\nstdout:\n${this.out}`);
      await new Promise<void>((resolve) => this.#looks.push(resolve));
    }
  }

  /** Keys, where it has a terminal. */
  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it gently, or else at once. */
  async end(): Promise<void> {
    this.kill('SIGTERM');
    const late = setTimeout(() => this.kill('SIGKILL'), endMaxMs);
    await this.ended;
    clearTimeout(late);
  }

  killGroup(): void {
    process.kill(-this.pid, 'SIGKILL');
  }

  #look(): void {
    for (const look of this.#looks.splice(0)) look();
  }
}

/** A folder with an app in it. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'tutti-cli-'));
  readonly #running = new Set<Running>();

  constructor(app?: string) {
    if (app !== undefined) this.write('app.ts', app);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  start(args: readonly string[], options: RunOptions = {}): Running {
    const { preload, before, namespace, terminal = false } = options;
    const command = [...(namespace === undefined ? [] : withinNamespace(namespace)), process.execPath, bin, ...args];
    const words = terminal ? inTerminal(command) : command;
    const [program, ...rest] = before === undefined ? words : ['sh', '-c', `${before}; exec "$0" "$@"`, ...words];
    const child = spawn(program as string, rest, {
      cwd: this.folder,
      // What vitest sets must not decide what is shown; the cache makes the many starts cheaper.
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: this.path('.cache'),
        TUTTI_EXECUTORS: '1',
        ...(terminal ? { TERM: 'xterm' } : {}),
        // One of the projects of vitest.config.ts runs all of this over folders of several partitions.
        ...(process.env['TUTTI_PARTITIONS'] === undefined ? {} : { TUTTI_PARTITIONS: process.env['TUTTI_PARTITIONS'] }),
        ...(preload === undefined
          ? {}
          : { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(preload)}` }),
        ...options.env,
      },
      detached: options.group === true,
    });
    child.stdin.on('error', () => undefined);
    if (!terminal) child.stdin.end(options.input ?? '');
    const running = new Running(child);
    this.#running.add(running);
    void running.ended.then(() => this.#running.delete(running));
    return running;
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  async remove(): Promise<void> {
    // A command that ends by itself has seen its own processes end: nothing writes here any more.
    await Promise.all([...this.#running].map((running) => running.end()));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** Settles when no process has this id any more. */
export const gone = async (pid: number): Promise<void> => {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** A request with a JSON body (POST) or without (GET). */
export const ask = async (url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const given =
    body === undefined
      ? { headers }
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
  const response = await fetch(url, given);
  return { status: response.status, json: (await response.json()) as unknown };
};

export const eventsOf = (err: string): readonly Readonly<Record<string, unknown>>[] =>
  err
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
