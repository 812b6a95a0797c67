/**
 * A machine of a cluster, beside the node that runs on it: its part of the trust between machines, and its NATS server.
 *
 * ```
 * opened ── start ──▶ waiting (for the other servers) ──▶ running ── close ──▶ closed
 * ```
 *
 * H1  Its server is started when the roster names all servers, and not before (R2).
 * H2  A roster is on disk before the server is told, and the server has taken it before anybody is told that it has.
 * H3  What the machine that began the cluster does for all others ends with it: joining, renewing, changes of the roster. Everything else
 *     goes on.
 */

import { streamsOf } from '../engine/nats/rights.ts';
import { currentStreams, health } from '../engine/nats/server/server-health.ts';
import { NatsServerProcess } from '../engine/nats/server/server-process.ts';
import { type ServerTrouble, troubleOf } from '../engine/nats/server/server-trouble.ts';
import { findNatsServer } from '../engine/nats/server-binary.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import { authorityFingerprint, openAuthority } from '../security/authority.ts';
import { fileTokenStore, JoinTokens } from '../security/join-tokens.ts';
import { placeOf } from '../security/server-request.ts';
import { Certificates, certificateFiles, pairOf } from './certificates.ts';
import { Door } from './door.ts';
import { isLoopback } from './enter.ts';
import { Follower } from './follower.ts';
import { joinPortsOf } from './joining.ts';
import type { MachineFolder, MachineSettings } from './machine-folder.ts';
import { portOf } from './ports.ts';
import { Registrar } from './registrar.ts';
import type { Registry } from './registry.ts';
import { machineIn, type Roster, serversMissing, serversOf } from './roster.ts';
import { type ServerSettings, serverFilesOf, serverSettings } from './server-settings.ts';

export type MachineWatch = {
  readonly say: (
    level: 'debug' | 'info' | 'warn' | 'error',
    fields: Readonly<Record<string, unknown>>,
    text: string,
  ) => void;
  /** Its node is to hold nothing, or to take its share again. */
  readonly drained: (drained: boolean) => void;
  /** Its node's certificate was renewed. */
  readonly renewed: (tls: MachineTls) => void;
  /** Its NATS server has told of this. */
  readonly trouble: (trouble: ServerTrouble) => void;
  /** It was taken out of the cluster by another. */
  readonly removed: () => void;
};

/** PEM texts. */
export type MachineTls = { readonly cert: string; readonly key: string };

export type TokenWish = { readonly hosts: readonly string[]; readonly lifeMs: number | undefined };
export type IssuedToken = { readonly address: string; readonly token: string; readonly expiresMs: number };

const healthAgainMs = 100;
const sayWaitingMs = 10_000;

export class Machine {
  readonly settings: MachineSettings;
  readonly #folder: MachineFolder;
  readonly #env: Env;
  readonly #watch: MachineWatch;
  #server: NatsServerProcess | undefined;
  #registry: Registry;
  #door: Door | undefined;
  #tokens: JoinTokens | undefined;
  #certificates: Certificates;
  #roster: Roster;
  /** From when on each is told again. */
  readonly #troubleAgainMs = new Map<ServerTrouble, number>();
  readonly #changes = new Set<() => void>();

  private constructor(folder: MachineFolder, settings: MachineSettings, roster: Roster, env: Env, watch: MachineWatch) {
    this.settings = settings;
    this.#folder = folder;
    this.#roster = roster;
    this.#env = env;
    this.#watch = watch;
    this.#registry = settings.role === 'began' ? this.#registrar() : this.#follower();
    this.#certificates = new Certificates({
      folder: folder.security,
      env,
      renew: (request) => this.#registry.renew(request),
      renewed: (role, pair) => {
        watch.say('info', { certificate: role }, 'certificate renewed');
        if (role === 'node') watch.renewed(this.tls);
        else {
          this.#door?.renewed(pair);
          void this.#server?.reload(this.#serverSettings()).catch((error: unknown) => this.#report(error));
        }
      },
      report: (error) => this.#report(error),
    });
  }

  /** A machine whose folder says what it is; it holds the folder until `close`. Rejects with `ADDRESS_IN_USE`. */
  static async open(folder: MachineFolder, env: Env, watch: MachineWatch): Promise<Machine> {
    const settings = folder.settings();
    const roster = folder.roster();
    if (settings === undefined || settings.role === 'left' || roster === undefined)
      throw new TuttiError('DATA_FORMAT', `The data folder ${folder.path} belongs to no cluster.`, {
        details: { folder: folder.path },
      });
    const machine = new Machine(folder, settings, roster, env, watch);
    try {
      await machine.#openDoor();
    } catch (error) {
      await machine.close();
      throw error;
    }
    return machine;
  }

  get roster(): Roster {
    return this.#roster;
  }

  get drained(): boolean {
    return machineIn(this.#roster, this.settings.name)?.drained === true;
  }

  /** Of its node: for its gateway. */
  get tls(): MachineTls {
    const { key, certificate, authority } = pairOf(this.#folder.security, 'node');
    return { key, cert: certificate + authority };
  }

  /** Paths, for its node: in a file that is renewed. */
  get nodeFiles(): { readonly ca: string; readonly cert: string; readonly key: string } {
    const pem = `${this.#folder.security.path}/${certificateFiles.node}`;
    return { ca: `${this.#folder.security.path}/ca.crt`, cert: pem, key: pem };
  }

  /** For clients of NATS, the own server first. */
  get natsServers(): readonly string[] {
    const { nats } = this.#roster;
    if (nats.length > 0) return nats;
    const servers = serversOf(this.#roster);
    const own = servers.filter(({ name }) => name === this.settings.name);
    const others = servers.filter(({ name }) => name !== this.settings.name);
    return [...own, ...others].map(({ server }) => `nats://${server.client}`);
  }

  get monitor(): string | undefined {
    const { monitor } = this.#server?.options.server ?? {};
    return monitor && `http://${monitor.host}:${monitor.port}`;
  }

  get isLoopback(): boolean {
    return isLoopback(this.settings.host);
  }

  /** Settles when NATS can be used. Rejects with `ENGINE_MISSING`, `ENGINE_FAILED`, `ABORTED`. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#untilNamed(signal);
    if (machineIn(this.#roster, this.settings.name)?.server === undefined) return;
    const { path: binary } = await findNatsServer();
    this.#server = new NatsServerProcess({
      binary,
      folder: this.#folder.nats,
      server: this.#serverSettings(),
      restarts: true,
      onLine: (line) => this.#serverSaid(line),
      onExit: ({ reason, againInMs }) => this.#watch.say('error', { reason, againInMs }, 'the nats-server ended'),
    });
    const onExit = (): void => this.#server?.killNow();
    process.once('exit', onExit);
    await this.#server.start();
    await this.#untilHealthy(this.#server, signal);
  }

  /** A token, for one machine. Throws `AUTHORITY_ELSEWHERE` where the cluster did not begin. */
  token({ hosts, lifeMs = limits.joinTokenMs }: TokenWish): IssuedToken {
    if (this.#tokens === undefined)
      throw new TuttiError(
        'AUTHORITY_ELSEWHERE',
        `Tokens are made where the cluster began, which is at ${this.settings.door}: run the command there.`,
        { details: { door: this.settings.door } },
      );
    const token = this.#tokens.issue({ app: this.#roster.cluster, server: true, hosts }, lifeMs);
    return { address: this.settings.door, token, expiresMs: this.#env.clock.now() + lifeMs };
  }

  setDrained(name: string, drained: boolean): Promise<void> {
    return this.#registry.setDrained(name, drained);
  }

  /** Takes another machine out of the cluster. */
  remove(name: string): Promise<void> {
    return this.#registry.remove(name);
  }

  /** Takes this one out; its node must have ended. */
  async leave(): Promise<void> {
    await this.#registry.remove(this.settings.name);
    this.forget();
  }

  /** It is out. */
  forget(): void {
    this.#certificates.close();
    this.#folder.saveSettings({ ...this.settings, role: 'left' });
    this.#folder.forget(Object.values(certificateFiles));
  }

  async close(): Promise<void> {
    this.#certificates.close();
    await this.#door?.close();
    // A change under way waits for the server, which may take nothing any more.
    await Promise.all([this.#registry.close(), this.#server?.stop()]);
    this.#folder.release();
  }

  #registrar(): Registrar {
    const { security } = this.#folder;
    const authority = openAuthority(security, this.#env.clock.now());
    this.#tokens = new JoinTokens({
      store: fileTokenStore(security),
      clock: this.#env.clock,
      random: this.#env.random,
      authority: authorityFingerprint(authority),
    });
    return new Registrar({
      authority,
      env: this.#env,
      roster: this.#roster,
      self: this.settings.name,
      apply: (roster) => this.#apply(roster),
    });
  }

  #follower(): Follower {
    const { host, door } = this.settings;
    return new Follower({
      door: placeOf(door, this.isLoopback && host.startsWith('127.') ? host : undefined),
      pair: () => pairOf(this.#folder.security, 'node'),
      roster: this.#roster,
      timers: this.#env.timers,
      apply: (roster) => this.#apply(roster),
      cutOff: (error) => {
        if (error === undefined) this.#watch.say('info', { door }, 'the machine that began the cluster answers again');
        else
          this.#watch.say(
            'warn',
            { door, error: error instanceof Error ? error.message : String(error) },
            'the machine that began the cluster does not answer: until it does, no machine can join, and no certificate is renewed',
          );
      },
      removed: () => this.#watch.removed(),
    });
  }

  async #openDoor(): Promise<void> {
    const registrar = this.#registry;
    const tokens = this.#tokens;
    if (!(registrar instanceof Registrar) || tokens === undefined) return;
    const { host, port } = this.settings;
    const join = joinPortsOf({
      authority: openAuthority(this.#folder.security, this.#env.clock.now()),
      tokens,
      registrar,
      now: this.#env.clock.now,
      self: this.settings.name,
      say: (fields, text) => this.#watch.say('info', fields, text),
      pair: () => pairOf(this.#folder.security, 'server'),
      copies: () => this.#copiesSoon(),
    });
    this.#door = await Door.open({
      host,
      port: portOf(port).door,
      pair: pairOf(this.#folder.security, 'server'),
      join,
      registrar,
      report: (error) => this.#report(error),
    });
  }

  /** H2 */
  async #apply(roster: Roster): Promise<void> {
    const before = this.drained;
    this.#folder.saveRoster(roster);
    this.#roster = roster;
    await this.#server?.reload(this.#serverSettings());
    if (this.drained !== before) this.#watch.drained(this.drained);
    for (const changed of [...this.#changes]) changed();
  }

  #serverSettings(): ServerSettings {
    return serverSettings(this.settings, this.#roster, serverFilesOf(this.#folder.security.path, this.#folder.nats));
  }

  /** H1 */
  async #untilNamed(signal: AbortSignal): Promise<void> {
    let told = 0;
    for (let missing = serversMissing(this.#roster); missing > 0; missing = serversMissing(this.#roster)) {
      if (missing !== told)
        this.#watch.say(
          'info',
          { missing },
          `waiting for ${missing} more ${missing === 1 ? 'machine' : 'machines'} to join: the cluster keeps ${this.#roster.replicas} copies of everything`,
        );
      told = missing;
      await this.#nextRoster(signal);
    }
  }

  #nextRoster(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#changes.delete(changed);
        signal.removeEventListener('abort', aborted);
      };
      const changed = (): void => {
        end();
        resolve();
      };
      const aborted = (): void => {
        end();
        reject(abortedError());
      };
      this.#changes.add(changed);
      signal.addEventListener('abort', aborted);
      if (signal.aborted) aborted();
    });
  }

  /** After a power cut machines come back one by one: the others are waited for as long as that takes. */
  async #untilHealthy({ options }: NatsServerProcess, signal: AbortSignal): Promise<void> {
    const { replaces } = this.settings;
    const looked = (): Promise<string> =>
      replaces === undefined ? health(options.server.monitor, 'current') : this.#copies();
    let toldAt = performance.now();
    for (;;) {
      const said = await looked();
      if (said === 'ok') break;
      if (performance.now() - toldAt > sayWaitingMs) {
        this.#watch.say(
          'info',
          { said },
          replaces === undefined
            ? 'waiting for the NATS servers of other machines'
            : 'waiting for the copies that are made anew: keep the other machines running until all are here',
        );
        toldAt = performance.now();
      }
      await new Promise<void>((resolve, reject) => {
        this.#env.timers.after(healthAgainMs, resolve);
        if (signal.aborted) reject(abortedError());
      });
    }
    if (replaces !== undefined)
      this.#watch.say('info', { replaces }, 'the copies of all streams are here: the machine is replaced');
  }

  /** `#copies` as soon as it is `ok`, and at the latest after `replaceCopiesMs`. */
  async #copiesSoon(): Promise<string> {
    const until = performance.now() + limits.replaceCopiesMs;
    for (;;) {
      const said = await this.#copies();
      if (said === 'ok' || performance.now() > until) return said;
      await new Promise<void>((resolve) => void this.#env.timers.after(healthAgainMs, resolve));
    }
  }

  /** `ok`: its server has a copy of all that the cluster keeps; or how it is. */
  async #copies(): Promise<string> {
    const { monitor } = this.#server?.options.server ?? {};
    const { cluster, partitions } = this.#roster;
    const streams = streamsOf(cluster, partitions).length;
    const here = monitor && (await currentStreams(monitor));
    if (here === undefined) return 'it is not among the others yet';
    return here >= streams ? 'ok' : `copies of ${here} of ${streams} streams are here`;
  }

  /** What goes wrong with what it stores is told loudly, of each kind now and then: a full disk makes thousands of lines. */
  #serverSaid(line: string): void {
    this.#watch.say('debug', { from: 'nats-server' }, line);
    const trouble = troubleOf(line);
    const nowMs = performance.now();
    if (trouble === undefined || nowMs < (this.#troubleAgainMs.get(trouble) ?? 0)) return;
    this.#troubleAgainMs.set(trouble, nowMs + limits.serverTroubleAgainMs);
    this.#watch.say('warn', { trouble, said: line }, 'the nats-server tells of trouble with what it stores');
    this.#watch.trouble(trouble);
  }

  #report(error: unknown): void {
    this.#watch.say(
      'error',
      { error: error instanceof Error ? error.message : String(error) },
      'trust between machines',
    );
  }
}

const abortedError = (): TuttiError => new TuttiError('ABORTED', 'It was told to stop.');
