/**
 * One nats-server as a child of this process: started, watched, started again when it dies, stopped.
 *
 * ```
 * stopped --start--> starting --healthz answers--> running --stop--> stopping --exit--> stopped
 *                       |  exit: failed                |  exit: waits, then starting again (`restarts`)
 * ```
 *
 * V1. The first start that fails is told to the caller with what the server said; later ones are tried for ever, ever less often.
 * V2. A server that ran for `steadyMs` has earned the first, short pause again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { TuttiError } from '../../../errors/tutti-error.ts';
import { limits } from '../../../limits.ts';
import { endLeftover, notePid } from './leftover.ts';
import { type NatsServerOptions, natsServerConfig } from './server-config.ts';
import { health } from './server-health.ts';

const pollMs = 25;
const linesKept = 20;

export type ServerProcessOptions = {
  readonly binary: string;
  /** Where `nats-server.conf` is written; made if it is not there, readable by nobody else. */
  readonly folder: string;
  readonly server: NatsServerOptions & { readonly monitor: { readonly host: string; readonly port: number } };
  /** Whether it is started again when it dies. */
  readonly restarts: boolean;
  readonly onLine?: (line: string) => void;
  /** It died though nobody stopped it; `againInMs`: when it is started again. */
  readonly onExit?: (exit: { readonly reason: string; readonly againInMs: number | undefined }) => void;
};

export class NatsServerProcess {
  #options: ServerProcessOptions;
  readonly #lines: string[] = [];
  #child: ChildProcess | undefined;
  #exited: Promise<string> = Promise.resolve('not started');
  #wanted = false;
  #pauseMs = limits.natsRestartFirstMs as number;
  #cancelRestart: () => void = () => {};
  #reloading: Promise<void> = Promise.resolve();
  #heard: (line: string) => void = () => {};

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What it said last, the newest line at the end. */
  get lastLines(): readonly string[] {
    return this.#lines;
  }

  get options(): ServerProcessOptions {
    return this.#options;
  }

  /**
   * Writes the configuration and starts; a server that was left running by a process that was killed is ended first. Settles when the server listens and has JetStream; in a cluster the others need not be
   * there yet (`untilHealthy`). Throws `ENGINE_FAILED` with what the server said.
   */
  async start(): Promise<void> {
    if (this.#wanted) return;
    this.#wanted = true;
    await endLeftover(this.#options.folder);
    const config = await this.#writeConfig();
    this.#spawn(config);
    try {
      await this.#until('enabled', limits.natsStartMs);
    } catch (error) {
      await this.stop();
      throw error;
    }
    void this.#watch(config);
  }

  /** Settles when it takes part in its cluster, if it has one, and all its streams are current. Throws `ENGINE_FAILED` after `timeoutMs`. */
  untilHealthy(timeoutMs: number = limits.natsHealthyMs): Promise<void> {
    return this.#until('current', timeoutMs);
  }

  /**
   * Has it take other users, accounts or routes, and read its certificates again, without a restart: connections of those who may
   * still be there stay. Settles when that is so; one that is down at the time starts with it. What a server cannot change while it
   * runs (`name`, `storeFolder`, whether it has TLS) is refused by it: throws `ENGINE_FAILED` with what it said.
   */
  reload(server: ServerProcessOptions['server']): Promise<void> {
    const reloaded = this.#reloading.then(() => this.#reload(server));
    this.#reloading = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(server: ServerProcessOptions['server']): Promise<void> {
    this.#options = { ...this.#options, server };
    await this.#writeConfig();
    const child = this.#child;
    if (child === undefined) return;
    const said = new Promise<string>((resolve) => {
      this.#heard = (line) => {
        if (/\bReloaded server configuration\b|\bFailed to reload\b/.test(line)) resolve(line);
      };
    });
    child.kill('SIGHUP');
    // One that ends meanwhile reads it when it starts again.
    const answer = await Promise.race([said, this.#exited.then(() => 'ended')]);
    if (answer.includes('Failed to reload'))
      throw new TuttiError(
        'ENGINE_FAILED',
        `The nats-server ${server.name} does not take its new settings: ${answer}`,
        {
          details: { server: server.name, said: answer },
        },
      );
  }

  async #writeConfig(): Promise<string> {
    const { folder, server } = this.#options;
    const config = path.join(folder, 'nats-server.conf');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(config, natsServerConfig(server), { mode: 0o600 });
    return config;
  }

  /** Sends it a signal, as a test or the system would. A server that dies by it is started again, if that is wanted. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Settles when the process that runs now has ended. */
  async ended(): Promise<void> {
    await this.#exited;
  }

  /** Asks it to end, and ends it when it takes longer than `natsStopMs`. It is not started again until `start`. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#cancelRestart();
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), limits.natsStopMs);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends it as a power cut would. It is not started again until `start`. */
  async kill(): Promise<void> {
    this.#wanted = false;
    this.#cancelRestart();
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** For whoever ends without waiting: no server outlives it. */
  killNow(): void {
    this.#wanted = false;
    this.#child?.kill('SIGKILL');
  }

  #spawn(config: string): void {
    const child = spawn(this.#options.binary, ['-c', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    notePid(this.#options.folder, child.pid);
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        if (this.#lines.length > linesKept) this.#lines.shift();
        this.#heard(line);
        this.#options.onLine?.(line);
      });
    this.#exited = new Promise((resolve) => {
      const ended = (reason: string): void => {
        if (this.#child === child) this.#child = undefined;
        resolve(reason);
      };
      child.once('error', (error) => ended(error.message));
      child.once('close', (code, signal) => ended(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }

  async #watch(config: string): Promise<void> {
    while (this.#wanted) {
      const began = performance.now();
      const reason = await this.#exited;
      if (!this.#wanted) return;
      if (performance.now() - began >= limits.natsSteadyMs) this.#pauseMs = limits.natsRestartFirstMs;
      const pauseMs = this.#pauseMs;
      this.#pauseMs = Math.min(pauseMs * 2, limits.natsRestartMaxMs);
      this.#wanted = this.#options.restarts;
      this.#options.onExit?.({ reason, againInMs: this.#wanted ? pauseMs : undefined });
      if (!this.#wanted) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        this.#cancelRestart = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (this.#wanted) this.#spawn(config);
    }
  }

  async #until(what: 'enabled' | 'current', timeoutMs: number): Promise<void> {
    const { monitor, name } = this.#options.server;
    const deadline = performance.now() + timeoutMs;
    let said = 'no answer';
    while (performance.now() < deadline) {
      if (!this.#wanted || (this.#child === undefined && what === 'enabled')) {
        said = await this.#exited;
        break;
      }
      said = await health(monitor, what);
      if (said === 'ok') return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    const lines = this.#lines.join('\n');
    throw new TuttiError(
      'ENGINE_FAILED',
      `The nats-server ${name} did not become ready (${said}). It said:\n${lines}`,
      {
        details: { server: name, said, lines: [...this.#lines] },
      },
    );
  }
}
